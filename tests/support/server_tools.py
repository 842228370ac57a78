"""The servers' own tools, run on a stack of the tests by the dev stack's command line."""

import subprocess
import sys
from pathlib import Path

from devstack.stack import Stack

from .timeouts import TIMEOUT_S

ROOT = Path(__file__).parents[2]


def run_devstack(command: str, stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the dev stack for a stack, and return its output and exit code."""
    return subprocess.run(
        [sys.executable, "-m", "devstack", command, "--home", stack.folder.parent, "--name", stack.name, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def nodetool(stack: Stack, *arguments: str) -> str:
    """Run nodetool for the first node and return its output. Raise AssertionError when it fails."""
    done = run_devstack("nodetool", stack, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
