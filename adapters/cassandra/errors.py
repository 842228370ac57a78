"""Translate the errors of the driver into the port's StoreError, which names the contact points, says what to do, and holds no secret."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cassandra import (
    AuthenticationFailed,
    DriverException,
    InvalidRequest,
    OperationTimedOut,
    Unauthorized,
    Unavailable,
    UnresolvableContactPoints,
)
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionException
from cassandra.protocol import ErrorMessage, UnauthorizedErrorMessage

from ports.errors import SchemaMissingError, StoreError

from .settings import CassandraSettings

VENDOR_ERRORS: Final = (DriverException, NoHostAvailable, ConnectionException, ErrorMessage, OSError)
"""Everything that the driver raises about a server. Other exceptions are bugs and are not translated."""

_LOGIN_NOT_CHECKED: Final = "Unable to perform authentication"
"""What a node says that cannot read the stored passwords, because too few replicas of them are up."""
_TLS_FAILURE: Final = re.compile(r"\[SSL[^\]]*\] (.+?)\.? \(_ssl\.c")


def where(settings: CassandraSettings) -> str:
    """Return the contact points, for error messages."""
    return f"Cassandra at {','.join(settings.hosts)}, port {settings.port}"


@contextmanager
def translated(settings: CassandraSettings, doing: str) -> Iterator[None]:
    """Raise StoreError if the driver raises an error within the block; `doing` names the work, such as "writing trades"."""
    try:
        yield
    except VENDOR_ERRORS as error:
        raise store_error(settings, doing, error) from error


def store_error(settings: CassandraSettings, doing: str, error: BaseException) -> StoreError:
    """Return the StoreError for an error of the driver."""
    kind = SchemaMissingError if _lacks_schema(error) else StoreError
    return kind(f"{doing} failed: {_explain(settings, error)}")


def _lacks_schema(error: BaseException) -> bool:
    text = str(error)
    return isinstance(error, InvalidRequest) and ("does not exist" in text or "unconfigured table" in text)


def _explain(settings: CassandraSettings, error: BaseException) -> str:
    causes = _causes(error)
    for cause in causes:
        if isinstance(cause, AuthenticationFailed) and _LOGIN_NOT_CHECKED not in str(cause):
            return f"{where(settings)} refused the user name or password (user {settings.username!r})"
        # A user without access from this address, or to this data centre, logs in, and then each request is refused.
        if isinstance(cause, Unauthorized | UnauthorizedErrorMessage):
            return f"{where(settings)} refused the user {settings.username!r}: {_short(cause)}"
    # The driver repeats the error of the TLS library in the text of its own.
    for tls_failure in filter(None, (_TLS_FAILURE.search(str(cause)) for cause in causes)):
        return f"{where(settings)}: no TLS connection ({tls_failure[1]})"
    if isinstance(error, InvalidRequest):
        if _lacks_schema(error):
            return f"{where(settings)} has no keyspace {settings.keyspace!r} with tapeline's tables: apply the schema first"
        return f"{where(settings)} refused the request: {_short(error)}"
    if isinstance(error, OperationTimedOut):
        return f"{where(settings)} did not answer within {settings.request_timeout_s:g} s"
    if isinstance(error, Unavailable):
        return f"{where(settings)} has too few live replicas for {settings.consistency}: {_short(error)}"
    if isinstance(error, UnresolvableContactPoints):
        return f"none of these hosts is known to this machine: {', '.join(settings.hosts)}"
    if isinstance(error, NoHostAvailable):
        detail = f" ({_short(causes[-1])})" if len(causes) > 1 else ""
        return f"{where(settings)} is not reachable{detail}; is it running, and are the hosts, the port and the security settings right?"
    return f"{where(settings)}: {_short(error)}"


def _causes(error: BaseException) -> list[BaseException]:
    """Return the error and, for NoHostAvailable, the error of each host."""
    inner = getattr(error, "errors", None)
    by_host = inner.values() if isinstance(inner, dict) else ()
    return [error, *(cause for cause in by_host if isinstance(cause, BaseException))]


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:200]}…"
