"""Run a command-line tool."""

import subprocess

from tests.support.timeouts import TIMEOUT_S


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a tool to its end; return what it wrote and its exit code."""
    return subprocess.run(command, capture_output=True, text=True, timeout=2 * TIMEOUT_S, check=False)
