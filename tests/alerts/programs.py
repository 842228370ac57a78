"""Run a command-line tool."""

import subprocess


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a tool to its end; return what it wrote and its exit code."""
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
