"""One virtual environment per peer, with pinned packages, so no peer constrains the versions of another or of tapeline."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.harness.variants import ROOT, Variant

_PEERS: Final = Path(__file__).parent
_HOME: Final = ROOT / ".bench"


def python_of(environment: str) -> Path:
    """Return the Python of an environment. Create the environment if it is missing or older than its requirements."""
    requirements, folder = _PEERS / "requirements" / f"{environment}.txt", _HOME / environment
    python, done = folder / "bin" / "python", folder / ".done"
    if not done.exists() or done.stat().st_mtime < requirements.stat().st_mtime:
        env = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
        uv = (sys.executable, "-m", "uv")
        for command in (
            (*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)),
            (*uv, "pip", "install", "--quiet", "--python", str(python), "--requirements", str(requirements)),
        ):
            subprocess.run(command, check=True, env=env)
        done.touch()
    return python


def peer(name: str, environment: str, script: str, *args: object) -> Variant:
    """Return the variant that a script of `bench/peers/scripts` runs in an environment."""
    script_file = _PEERS / "scripts" / script
    return Variant(name=name, command=(str(python_of(environment)), str(script_file), *map(str, args)))
