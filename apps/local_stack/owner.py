"""Whose a stack is: a run begins by clearing away what an earlier one of its name left, and that must not be one that still runs.

The servers that an earlier run left, if it was killed, are the dev stack's to end. Its programs are written down here, and ended by the next run.
"""

from collections.abc import Sequence
from pathlib import Path

import psutil

from devstack.stack.process import ServerProcess
from domain.errors import TapelineError

_FILE = "owner"
_GRACE_S = 5.0


def refuse_if_owned(folder: Path, name: str) -> None:
    """Raise TapelineError when the run that this stack belongs to is still alive."""
    known = _read(folder)
    if known and known[0].alive:
        raise TapelineError(
            f"the stack {name!r} is in use by process {known[0].pid}: end that one, or give this one another --name"
        )


def end_orphans(folder: Path) -> None:
    """End the programs of a run that is no more."""
    for running in _read(folder)[1:]:
        running.stop(_GRACE_S)


def own(folder: Path, *, children: Sequence[int] = ()) -> None:
    """Note that the stack belongs to this process, and which programs are its children; the note goes with the stack's folder."""
    processes = [psutil.Process(), *map(psutil.Process, children)]
    lines = [f"{process.pid} {process.create_time()}" for process in processes]
    (folder / _FILE).write_text("\n".join(lines), encoding="utf-8")


def _read(folder: Path) -> list[ServerProcess]:
    try:
        lines = (folder / _FILE).read_text(encoding="utf-8").splitlines()
        return [ServerProcess(pid=int(pid), created=float(created)) for pid, created in map(str.split, lines)]
    except (OSError, ValueError):
        return []
