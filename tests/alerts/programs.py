"""Programs that packages of the system bring, not of Python."""

import os
import shutil
import subprocess

import pytest

HOW = "`sh scripts/install-debian-packages` installs it on Debian and Ubuntu; elsewhere see https://prometheus.io/download"


def need(*names: str) -> str:
    """Give the path of the first that is installed. Without any, a test fails where CI=true, and is skipped elsewhere, with a word about how to get it."""
    for name in names:
        if found := shutil.which(name):
            return found
    words = f"{names[0]} is not installed: {HOW}"
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a tool to its end."""
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
