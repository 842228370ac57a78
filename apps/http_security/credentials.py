"""Who may use an HTTP endpoint: checks of the Authorization header, in constant time.

1. Without a token and a user, everyone may.
2. `Bearer TOKEN` is accepted, and so is `Basic` with the token as the password and any user name: a browser asks its user for those.
3. `Basic` with the user and the password of the hash is accepted, as Prometheus sends it.
"""

import base64
import binascii
import hmac
import re
from typing import Final

import attrs
from typed_settings import SecretStr

from domain.errors import TapelineError

from .password_hash import PasswordHash

CHALLENGE: Final = 'Basic realm="tapeline", charset="UTF-8"'
"""The WWW-Authenticate header of a refusal."""
_TOKEN: Final = re.compile(r"[\x21-\x7e]{16,}")


def check_token(token: SecretStr, name: str) -> SecretStr:
    """Return the token. Raise TapelineError, which names the setting, if it is too short to be safe or cannot be part of a header."""
    if not _TOKEN.fullmatch(token):
        raise TapelineError(
            f"{name}: a token has at least 16 visible ASCII characters and no spaces: make one with openssl rand -hex 32"
        )
    return token


@attrs.frozen(kw_only=True)
class Credentials:
    """What a client must present; the default is nothing."""

    token: SecretStr = attrs.field(default=SecretStr(""))
    user: str = ""
    password_hash: PasswordHash | None = None

    @property
    def are_required(self) -> bool:
        """Whether a client must present any."""
        return bool(self.token) or self.password_hash is not None

    def accept(self, authorization: str) -> bool:
        """Return whether a request with this Authorization header, empty if there is none, may pass."""
        if not self.are_required:
            return True
        scheme, _, value = authorization.partition(" ")
        match scheme.lower():
            case "bearer":
                return self._is_token(value.strip())
            case "basic":
                user, _, password = _decoded(value).partition(":")
                return self._is_token(password) or self._is_user(user, password)
        return False

    def _is_token(self, text: str) -> bool:
        return bool(self.token) and _equal(text, self.token)

    def _is_user(self, user: str, password: str) -> bool:
        if self.password_hash is None or not _equal(user, self.user):
            return False
        return self.password_hash.matches(password)


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
