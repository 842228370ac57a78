"""Secrets come from files that only their owner can read, or from environment variables; never from flags, which every user can list.

A setting `token_file` names the file. The variable of the same name without `_FILE`, such as TAPELINE_WEB_TOKEN, holds the secret itself.
"""

import os
import stat
from pathlib import Path
from typing import Final

from typed_settings import SecretStr

from domain.errors import TapelineError

MAX_BYTES: Final = 64 * 1024
"""Largest secret file. A larger file is named by mistake."""
_OTHERS: Final = 0o077
_GROUP_READS: Final = 0o040


class SecretFileError(TapelineError, ValueError):
    """A secret cannot be used. The text names the file or the variable, and never holds the secret."""


def read_secret(path: Path) -> SecretStr:
    """Return the secret in a file, without the line break at its end.

    Raise SecretFileError if the file is not readable, not a regular file, readable by others, larger than MAX_BYTES, not UTF-8, or empty.
    """
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for its writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            _check(path, os.fstat(file.fileno()))
            content = file.read(MAX_BYTES + 1)
        text = content.decode()
    except OSError as error:
        raise SecretFileError(f"cannot read the secret file {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise SecretFileError(f"the secret file {path} is not UTF-8 text") from None
    if len(content) > MAX_BYTES:
        raise SecretFileError(f"the secret file {path} is larger than {MAX_BYTES} bytes")
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise SecretFileError(f"the secret file {path} is empty")
    return SecretStr(secret)


def secret_setting(variable: str, file: Path | None) -> SecretStr | None:
    """Return the secret of an environment variable or of a file, None if neither is set.

    Raise SecretFileError if both are set, or the file cannot be used.
    """
    value = os.environ.get(variable, "")
    if value and file is not None:
        raise SecretFileError(f"{variable} and {variable}_FILE are both set: set one of them")
    if value:
        return SecretStr(value)
    return None if file is None else read_secret(file)


def secret_of(setting: str, value: SecretStr, file: Path | None) -> str:
    """Return the secret of a setting or of the file beside it; empty if neither is set.

    Raise SecretFileError if both are set, or the file cannot be used.
    """
    if str(value) and file is not None:
        raise SecretFileError(f"{setting} and {setting}_file are both set: set one of them")
    return str(value) if file is None else str(read_secret(file))


def require_private_file(path: Path) -> None:
    """Raise SecretFileError if a file that a library reads, such as a private key, is missing or readable by others."""
    try:
        _check(path, path.stat())
    except OSError as error:
        raise SecretFileError(f"cannot read the secret file {path}: {error.strerror}") from error


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SecretFileError(f"the secret file {path} is not a regular file")
    mode = stat.S_IMODE(status.st_mode)
    if not is_private(mode, owner=status.st_uid, user=os.geteuid()):
        raise SecretFileError(f"the secret file {path} is open to other users (mode {mode:04o}): run chmod 600 {path}")


def is_private(mode: int, *, owner: int, user: int) -> bool:
    """Return whether a file of this mode and owner holds a secret of this user: others may do nothing with it.

    A group may read a file of root, by PostgreSQL's rule for its keys: systemd and Kubernetes give a program its credentials in that way.
    """
    allowed = _GROUP_READS if owner == 0 != user else 0
    return not mode & _OTHERS & ~allowed
