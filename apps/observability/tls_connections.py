"""How a program connects to its servers by TLS, and what a handshake shows."""

import socket
import ssl
from pathlib import Path
from typing import Final

import attrs

from apps.settings.options import CassandraOptions, KafkaOptions

TIMEOUT_S: Final = 5.0
KAFKA_PORT: Final = 9092
"""The port of a broker whose address has none."""


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


@attrs.frozen(kw_only=True)
class Handshake:
    """What a server negotiated."""

    version: str
    cipher: str
    ends: str
    """When the server's certificate ends, as the certificate has it."""
    ends_s: float
    """The same in seconds since the epoch."""


def kafka_tls(kafka: KafkaOptions) -> TlsSettings:
    """Return how a program connects to its brokers."""
    return TlsSettings(
        addresses=tuple(map(_address, filter(None, map(str.strip, kafka.bootstrap_servers.split(","))))),
        enabled=str(kafka.adapter().client().get("security.protocol", "PLAINTEXT")).upper().endswith("SSL"),
        ca_file=kafka.ssl_ca_file,
        cert_file=kafka.ssl_cert_file,
        key_file=kafka.ssl_key_file,
        user=kafka.sasl_username,
    )


def _address(server: str) -> tuple[str, int]:
    """Return the host and the port of a broker, as librdkafka reads them: [::1]:9092, or without a port 9092."""
    host, colon, port = server.rpartition(":")
    is_bare = not colon or not port.isdecimal()
    return (server if is_bare else host).strip("[]"), KAFKA_PORT if is_bare else int(port)


def cassandra_tls(cassandra: CassandraOptions) -> TlsSettings:
    """Return how a program connects to its nodes."""
    return TlsSettings(
        addresses=tuple((host, cassandra.port) for host in cassandra.hosts),
        enabled=cassandra.tls,
        ca_file=cassandra.ca_file,
        cert_file=cassandra.cert_file,
        key_file=cassandra.key_file,
        user=cassandra.username,
        server_name=cassandra.tls_server_name,
    )


def handshake(settings: TlsSettings, host: str, port: int) -> Handshake:
    """Connect and disconnect. Raise OSError if there is no TLS connection to a server that is trusted, ValueError if the host cannot be a name."""
    context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.cert_file is not None:
        # Without a password, OpenSSL would ask the terminal for the one of an encrypted key.
        context.load_cert_chain(settings.cert_file, settings.key_file, password="")
    with (
        socket.create_connection((host, port), TIMEOUT_S) as plain,
        context.wrap_socket(plain, server_hostname=settings.server_name or host) as secured,
    ):
        cipher, certificate = secured.cipher(), secured.getpeercert() or {}
        ends = str(certificate["notAfter"])
        return Handshake(
            version=str(secured.version()),
            cipher=cipher[0] if cipher else "no cipher",
            ends=ends,
            ends_s=ssl.cert_time_to_seconds(ends),
        )
