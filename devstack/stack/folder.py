"""A stack's folder: create it, lock it while the stack changes, remove it.

- The lock is on the folder itself and needs no lock file. A second `up` or `down` of the same stack waits for the first.
- A folder may be removed while another process waits for its lock. That process then locks the new folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from devstack.errors import DevstackError

from .record import FILE

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)


def check_name(name: str) -> str:
    """Return `name` when it is a valid name of a stack.

    Raises:
        DevstackError: the name is not valid.

    """
    if not _NAME.fullmatch(name):
        raise DevstackError(
            f"{name!r} is not a valid name of a stack: use at most 63 letters, digits, dots, dashes and underscores"
        )
    return name


@contextlib.contextmanager
def locked(folder: Path, *, make: bool) -> Iterator[bool]:
    """Hold the lock of `folder` and yield whether the folder exists. With `make`, create it first.

    Raises:
        DevstackError: the folder cannot be created, or contains files that do not belong to a stack.

    """
    while True:
        try:
            if make:
                folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            if make:  # another process removed the last stack of this home, and the home
                continue
            yield False
            return
        except OSError as error:
            raise DevstackError(f"cannot use the folder {folder}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _is_same_folder(descriptor, folder):
                continue
            if not (folder / FILE).exists() and any(folder.iterdir()):
                raise DevstackError(
                    f"{folder} contains files that do not belong to a stack: choose another name or home"
                )
            yield True
            return
        finally:
            os.close(descriptor)


def _is_same_folder(descriptor: int, folder: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), folder.stat())
    except FileNotFoundError:
        return False


def remove(folder: Path) -> None:
    """Remove a stack's folder, and its home when that is empty."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():  # a process may have written a file while it ended
        shutil.rmtree(folder)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()
