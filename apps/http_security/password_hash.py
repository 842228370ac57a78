"""Password hashes for basic authentication: scrypt, as text `scrypt:N:r:p:SALT:HASH` with salt and hash in hexadecimal.

`python -m apps.http_security.password_hash` asks for a password and prints its hash.
"""

import hashlib
import hmac
import os
import re
import threading
from typing import Final, Self

import attrs
import click

from domain.errors import TapelineError

N, R, P = 1 << 14, 8, 1
"""Cost of a new hash: 16 MiB of memory, and about 50 ms of one core."""
MAX_N: Final = 1 << 16
_MAX_MEMORY: Final = 256 * 1024 * 1024
_FORMAT: Final = re.compile(
    r"scrypt:([0-9]{1,6}):([1-9][0-9]?):([1-9]):((?:[0-9a-f]{2}){8,64}):((?:[0-9a-f]{2}){32,64})", re.ASCII
)
_one_at_a_time: Final = threading.Lock()
"""Bounds what wrong passwords can cost: one core and the memory of one hash."""


@attrs.frozen(kw_only=True)
class PasswordHash:
    """The hash of one password."""

    n: int
    r: int
    p: int
    salt: bytes = attrs.field(repr=False)
    digest: bytes = attrs.field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the hash written as `scrypt:N:r:p:SALT:HASH`. Raise TapelineError if it is not one; the text is not part of the error."""
        if match := _FORMAT.fullmatch(text.strip()):
            n, r, p = (int(match[i]) for i in (1, 2, 3))
            # scrypt needs a little more memory than the 128 N r bytes of its table.
            if 2 <= n <= MAX_N and not n & (n - 1) and 128 * n * r < _MAX_MEMORY:
                return cls(n=n, r=r, p=p, salt=bytes.fromhex(match[4]), digest=bytes.fromhex(match[5]))
        raise TapelineError(
            "a password hash has the form scrypt:N:r:p:SALT:HASH: make one with python -m apps.http_security.password_hash"
        )

    @classmethod
    def of(cls, password: str) -> Self:
        """Return a new hash of a password, with a random salt."""
        salt = os.urandom(16)
        return cls(n=N, r=R, p=P, salt=salt, digest=_scrypt(password, salt, N, R, P, 32))

    def matches(self, password: str) -> bool:
        """Return whether this is the hash of the password, in a time that does not depend on where they differ."""
        with _one_at_a_time:
            digest = _scrypt(password, self.salt, self.n, self.r, self.p, len(self.digest))
        return hmac.compare_digest(digest, self.digest)

    def __str__(self) -> str:
        return f"scrypt:{self.n}:{self.r}:{self.p}:{self.salt.hex()}:{self.digest.hex()}"


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int, size: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MAX_MEMORY, dklen=size)


@click.command()
def password_hash() -> None:
    """Ask for a password and print its hash."""
    click.echo(PasswordHash.of(click.prompt("Password", hide_input=True, err=True)))


if __name__ == "__main__":
    password_hash(prog_name="password_hash")
