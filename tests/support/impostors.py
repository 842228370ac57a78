"""Servers that a client must not trust: each accepts TLS connections on loopback with a certificate that is wrong in one way."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import trustme

NOW: Final = datetime.now(UTC)
DAY: Final = timedelta(days=1)


@attrs.frozen(kw_only=True)
class Flaw:
    """What is wrong with a server."""

    name: str = "127.0.0.1"
    """The only host that its certificate names."""
    not_before: datetime = NOW - DAY
    not_after: datetime = NOW + DAY
    is_trusted: bool = True
    """Whether the client knows the authority of the certificate."""
    newest_tls: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
    has_tls: bool = True


FLAWS: Final = {
    "unknown authority": Flaw(is_trusted=False),
    "wrong host name": Flaw(name="other.invalid"),
    "expired certificate": Flaw(not_before=NOW - 2 * DAY, not_after=NOW - DAY),
    "certificate that is not valid yet": Flaw(not_before=NOW + DAY, not_after=NOW + 2 * DAY),
    "old TLS": Flaw(newest_tls=ssl.TLSVersion.TLSv1_1),
    "no TLS": Flaw(has_tls=False),
}


@attrs.frozen(kw_only=True)
class Impostor:
    """A server that listens on loopback, and what a client would trust."""

    port: int
    ca_file: Path
    accepted: list[str]
    """The TLS version of each client that completed a handshake."""


@contextlib.contextmanager
def impostor(flaw: Flaw, folder: Path) -> Iterator[Impostor]:
    """Run a server with a flaw; `folder` takes its certificates."""
    authority, other = trustme.CA(), trustme.CA()
    issued = (authority if flaw.is_trusted else other).issue_cert(
        flaw.name, not_before=flaw.not_before, not_after=flaw.not_after
    )
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    if flaw.newest_tls is not ssl.TLSVersion.MAXIMUM_SUPPORTED:
        # OpenSSL speaks old versions with the weak ciphers of their time alone.
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = flaw.newest_tls
    accepted: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=_serve, args=(listener, context if flaw.has_tls else None, accepted))
        serving.start()
        try:
            yield Impostor(port=listener.getsockname()[1], ca_file=ca_file, accepted=accepted)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            serving.join(10)


def _serve(listener: socket.socket, context: ssl.SSLContext | None, accepted: list[str]) -> None:
    while True:
        try:
            connection: Any = listener.accept()[0]
        except OSError:
            return
        with contextlib.suppress(OSError), connection:
            connection.settimeout(5)
            if context is None:
                connection.recv(1024)
                connection.sendall(b"\0" * 64)
            else:
                with context.wrap_socket(connection, server_side=True) as secured:
                    # A client of TLS 1.3 rejects a certificate after the server's handshake: only data shows that it trusts.
                    if secured.recv(1):
                        accepted.append(str(secured.version()))
