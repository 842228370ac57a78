"""What protects the connections to the servers: protocol, cipher, the user, and when the server's certificate ends."""

import socket
import ssl
import time
from pathlib import Path
from typing import Final

import attrs

from ports.diagnosis import Finding

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


def tls_finding(check: str, settings: TlsSettings) -> Finding:
    """Connect to each address, and return one finding: not ok without TLS at an address of another machine, on a refusal, or if a certificate ends soon."""
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
    return Finding(check=check, ok=all_ok, detail="; ".join(lines))


def _examine(settings: TlsSettings, host: str, port: int) -> tuple[str, float]:
    context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.cert_file is not None:
        context.load_cert_chain(settings.cert_file, settings.key_file)
    with (
        socket.create_connection((host, port), TIMEOUT_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        cipher, certificate = secured.cipher(), secured.getpeercert() or {}
        ends = str(certificate["notAfter"])
        days = (ssl.cert_time_to_seconds(ends) - time.time()) / 86_400
        name = cipher[0] if cipher else "no cipher"
        user = settings.user or ("the client certificate" if settings.cert_file else "nobody")
        return f"{secured.version()}, {name}, as {user}; the certificate ends in {days:.0f} days ({ends})", days
