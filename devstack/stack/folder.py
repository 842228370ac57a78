"""A stack's folder: made, locked while the stack changes, and removed without a trace.

- The lock is on the folder itself, so it leaves no file; a second `up` or `down` of the same stack waits for the first.
- Who got the lock of a folder that was removed meanwhile tries again on the new one.
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
    """Return `name` when it can name a folder.

    Raises:
        DevstackError: it cannot.

    """
    if not _NAME.fullmatch(name):
        raise DevstackError(f"{name!r} cannot name a stack: letters, digits, dot, dash and underscore, at most 63")
    return name


@contextlib.contextmanager
def locked(folder: Path, *, make: bool) -> Iterator[bool]:
    """Hold the lock of `folder`; yield whether it exists. With `make`, make it first.

    Raises:
        DevstackError: the folder cannot be made, or holds files that are no stack's.

    """
    while True:
        try:
            if make:
                folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            if make:  # another stack of this home was removed just now, and the home with it
                continue
            yield False
            return
        except OSError as error:
            raise DevstackError(f"cannot use the folder {folder}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _same(descriptor, folder):
                continue
            if not (folder / FILE).exists() and any(folder.iterdir()):
                raise DevstackError(f"{folder} holds files that are no stack's: choose another name or home")
            yield True
            return
        finally:
            os.close(descriptor)


def _same(descriptor: int, folder: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), folder.stat())
    except FileNotFoundError:
        return False


def remove(folder: Path) -> None:
    """Remove a stack's folder, and its home when nothing else is in it."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():  # a dying process may have written once more
        shutil.rmtree(folder)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()
