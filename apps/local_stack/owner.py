"""The owner of a stack: a run first removes what an earlier run of its name left behind, unless that run is still alive.

The dev stack stops the servers that a killed run left behind. This module records the programs of a run, and the next run stops them.
"""

from collections.abc import Sequence
from pathlib import Path

import psutil

from devstack.stack.process import ServerProcess
from domain.errors import TapelineError

_FILE = "owner"
_GRACE_S = 5.0


def refuse_if_owned(folder: Path, name: str) -> None:
    """Raise TapelineError if the run that owns this stack is still alive."""
    known = _read(folder)
    if known and known[0].alive:
        raise TapelineError(
            f"the stack {name!r} is in use by process {known[0].pid}: end that one, or give this one another --name"
        )


def end_orphans(folder: Path) -> None:
    """Stop the programs of a run that has died."""
    for running in _read(folder)[1:]:
        running.stop(_GRACE_S)


def own(folder: Path, *, children: Sequence[int] = ()) -> None:
    """Record this process as the owner of the stack, with its children; the record is deleted with the stack's folder."""
    processes = [psutil.Process(), *map(psutil.Process, children)]
    lines = [f"{process.pid} {process.create_time()}" for process in processes]
    (folder / _FILE).write_text("\n".join(lines), encoding="utf-8")


def _read(folder: Path) -> list[ServerProcess]:
    try:
        lines = (folder / _FILE).read_text(encoding="utf-8").splitlines()
        return [ServerProcess(pid=int(pid), created=float(created)) for pid, created in map(str.split, lines)]
    except (OSError, ValueError):
        return []
