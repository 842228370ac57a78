"""What protects the connections to the servers: protocol, cipher, the user, and when each certificate ends, those of the client and its authority included."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import attrs

from adapters.spark.pem import PemError, read_certificates
from ports.diagnosis import Finding

from .packages import how_to_install

TIMEOUT_S: Final = 5.0
SOON_DAYS: Final = 14
"""A certificate that ends sooner than this is a failed check."""


@attrs.frozen(kw_only=True)
class TlsSettings:
    """How a program connects to one kind of server."""

    addresses: tuple[tuple[str, int], ...]
    enabled: bool
    ca_file: Path | None
    cert_file: Path | None
    key_file: Path | None
    user: str
    server_name: str = ""
    """The name that each certificate has to have; empty for the host of the address."""


def tls_finding(check: str, settings: TlsSettings) -> Finding:
    """Connect to each address, and return one finding.

    It is not ok without TLS at an address of another machine, on a refusal, or if a certificate ends soon.
    """
    if not settings.enabled:
        remote = [host for host, _ in settings.addresses if not host.startswith("127.") and host != "localhost"]
        where = f"to {', '.join(remote)}" if remote else "on this machine"
        return Finding(check=check, ok=not remote, detail=f"connections {where} are not encrypted")
    lines, all_ok = [], True
    for host, port in settings.addresses:
        try:
            detail, days = _examine(settings, host, port)
        except OSError as error:
            detail, days = f"no TLS connection ({error})", 0.0
        lines.append(f"{host}:{port}: {detail}")
        all_ok &= days >= SOON_DAYS
    for detail, days in _own_certificates(settings):
        lines.append(detail)
        all_ok &= days >= SOON_DAYS
    return Finding(check=check, ok=all_ok, detail="; ".join(lines))


def _own_certificates(settings: TlsSettings) -> Iterator[tuple[str, float]]:
    """Yield a text and the days left for the client certificate and for the authority; of several authorities, that which ends last."""
    if settings.ca_file is not None:
        yield _days_left("the authority's certificate", settings.ca_file, max)
    if settings.cert_file is not None:
        yield _days_left("the client certificate", settings.cert_file, next)


def _days_left(name: str, file: Path, choose: Callable[[Iterator[datetime]], datetime]) -> tuple[str, float]:
    if find_spec("cryptography") is None:
        return f"when {name} ends is not known: {how_to_install('cryptography')}", SOON_DAYS
    try:
        ends = choose(certificate.not_valid_after_utc for certificate in read_certificates(str(file)))
    except PemError as error:
        return str(error), 0.0
    days = (ends - datetime.now(UTC)) / timedelta(days=1)
    return f"{name} {file} ends in {days:.0f} days ({ends:%Y-%m-%d})", days


def _examine(settings: TlsSettings, host: str, port: int) -> tuple[str, float]:
    context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.cert_file is not None:
        context.load_cert_chain(settings.cert_file, settings.key_file)
    with (
        socket.create_connection((host, port), TIMEOUT_S) as plain,
        context.wrap_socket(plain, server_hostname=settings.server_name or host) as secured,
    ):
        cipher, certificate = secured.cipher(), secured.getpeercert() or {}
        ends = str(certificate["notAfter"])
        days = (ssl.cert_time_to_seconds(ends) - time.time()) / 86_400
        name = cipher[0] if cipher else "no cipher"
        user = settings.user or ("the client certificate" if settings.cert_file else "nobody")
        return f"{secured.version()}, {name}, as {user}; the certificate ends in {days:.0f} days ({ends})", days
