"""TLS and credentials of one HTTP endpoint, ready for use: every secret is read and checked."""

import ssl
from pathlib import Path

import attrs

from domain.errors import TapelineError

from .credentials import Credentials


@attrs.frozen(kw_only=True)
class EndpointSecurity:
    """How an endpoint is protected; the default is neither TLS nor credentials."""

    tls: ssl.SSLContext | None = None
    credentials: Credentials = attrs.field(factory=Credentials)

    @property
    def scheme(self) -> str:
        """`https` with TLS, `http` without."""
        return "http" if self.tls is None else "https"


def server_tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return the TLS settings of a server: TLS 1.2 or newer. Raise TapelineError if certificate or key cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without a password, OpenSSL would ask the terminal for the one of an encrypted key.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise TapelineError(f"cannot use the certificate {certificate} with the key {key}: {error}") from error
    return context
