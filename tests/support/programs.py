"""Running our programs as a user does, as processes."""

import os
import subprocess
import sys
from pathlib import Path

from .timeouts import TIMEOUT_S

ROOT = Path(__file__).parents[2]
TOKEN = "c0ffee-not-a-real-token-5417"  # noqa: S105 - and it must never be seen again


def start(module: str, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
    """Start a program with its output in pipes; settings of the caller's own environment stay out of it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TAPELINE_FINNHUB")}
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**environment, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_in(folder: Path, module: str, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
    """Start a program in a folder of its own, where the dev stack has its files; both outputs are one."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(module: str, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end."""
    return ended(start(module, *arguments, **variables))


def ended(process: "subprocess.Popen[str]", timeout_s: float = TIMEOUT_S) -> "subprocess.CompletedProcess[str]":
    """Return a program's output when it has ended; kill it after the timeout."""
    try:
        out, err = process.communicate(timeout=timeout_s)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
