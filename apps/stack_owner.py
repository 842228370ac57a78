"""Whose a stack is: a run begins by clearing away what an earlier one of its name left, and that must not be one that still runs."""

from pathlib import Path

import psutil

from domain.errors import TapelineError

_FILE = "owner"


def refuse_if_owned(folder: Path, name: str) -> None:
    """Raise TapelineError when the run that this stack belongs to is still alive."""
    try:
        pid, created = (folder / _FILE).read_text(encoding="utf-8").split()
        alive = psutil.Process(int(pid)).create_time() == float(created)
    except (OSError, ValueError, psutil.Error):
        return
    if alive:
        raise TapelineError(
            f"the stack {name!r} is in use by process {pid}: end that one, or give this one another --name"
        )


def own(folder: Path) -> None:
    """Note that the stack belongs to this process; the note goes with the stack's folder."""
    me = psutil.Process()
    (folder / _FILE).write_text(f"{me.pid} {me.create_time()}", encoding="utf-8")
