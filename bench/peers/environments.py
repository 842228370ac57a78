"""Environments of the peers: each has its own, of pinned packages, so that none decides on the versions of another or of ours."""

import os
import subprocess
import sys
from pathlib import Path

from bench.harness.runs import ROOT, Measured

PEERS = Path(__file__).parent
_HOME = ROOT / ".bench"


def python_of(peer: str) -> Path:
    """Give the Python of a peer's environment, made when it is missing or when `bench/peers/requirements/PEER.txt` is newer."""
    wanted, folder = PEERS / "requirements" / f"{peer}.txt", _HOME / peer
    python, done = folder / "bin" / "python", folder / ".done"
    if not done.exists() or done.stat().st_mtime < wanted.stat().st_mtime:
        environment = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
        uv = (sys.executable, "-m", "uv")
        for command in (
            (*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)),
            (*uv, "pip", "install", "--quiet", "--python", str(python), "--requirements", str(wanted)),
        ):
            subprocess.run(command, check=True, env=environment)
        done.touch()
    return python


def peer(name: str, environment: str, script: str, *args: object) -> Measured:
    """Make a path of a script in `bench/peers/scripts`."""
    return Measured(name=name, command=(str(python_of(environment)), str(PEERS / "scripts" / script), *map(str, args)))
