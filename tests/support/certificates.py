"""Certificates of a throw-away authority, and clients that trust it."""

import ssl
from pathlib import Path

import attrs
import trustme


@attrs.frozen(kw_only=True)
class ServerCertificate:
    """A certificate for 127.0.0.1 and localhost, its key with mode 0600, and the authority that signed it."""

    authority: trustme.CA
    certificate: Path
    key: Path

    def client(self, maximum_version: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> ssl.SSLContext:
        """Return the TLS settings of a client that trusts the authority, up to this version of TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.authority.configure_trust(context)
        # A client that offers TLS 1.1 needs the weak ciphers of that time.
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = maximum_version
        return context


def make_certificate(folder: Path) -> ServerCertificate:
    """Write a certificate and its key to a folder."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    certificate, key = folder / "server.pem", folder / "server.key"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.touch(mode=0o600)
    key.write_bytes(issued.private_key_pem.bytes())
    return ServerCertificate(authority=authority, certificate=certificate, key=key)
