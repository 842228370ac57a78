"""The servers' own tools, run on a stack of the tests by the dev stack's command line."""

import subprocess
import sys
from pathlib import Path

from devstack.stack import Stack

from .timeouts import TIMEOUT_S, scaled

ROOT = Path(__file__).parents[2]
NODETOOL_TIMEOUT_S = scaled(240.0)
"""For a repair or a cleanup under load as well."""


def run_devstack(
    command: str, stack: Stack, *arguments: str, timeout_s: float = TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    """Run a command of the dev stack for a stack, and return its output and exit code."""
    return subprocess.run(
        [sys.executable, "-m", "devstack", command, "--home", stack.folder.parent, "--name", stack.name, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def nodetool(stack: Stack, *arguments: str, node: str = "cassandra-1") -> str:
    """Run nodetool for a node and return its output. Raise AssertionError when it fails."""
    done = run_devstack("nodetool", stack, "--node", node, *arguments, timeout_s=NODETOOL_TIMEOUT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
