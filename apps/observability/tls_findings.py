"""What protects the connections to the servers: protocol, cipher, the user, and when each certificate ends, those of the client and its authority included."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from adapters.spark.pem import PemError, read_certificates
from apps.runtime.packages import how_to_install
from ports.diagnosis import Finding

from .tls_connections import TlsSettings, handshake

SOON_DAYS: Final = 14
"""A certificate that ends sooner than this is a failed check."""


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
        except (OSError, ValueError) as error:  # a name that cannot be a host name is a ValueError
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
    found = handshake(settings, host, port)
    days = (found.ends_s - time.time()) / 86_400
    user = settings.user or ("the client certificate" if settings.cert_file else "nobody")
    return f"{found.version}, {found.cipher}, as {user}; the certificate ends in {days:.0f} days ({found.ends})", days
