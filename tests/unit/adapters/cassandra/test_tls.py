"""TLS to Cassandra: the certificate, the name of the host and the version are checked before anything is sent."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.tls import client_context
from ports.errors import StoreError

AUTHORITY = trustme.CA()


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(file)
    return str(file)


@contextmanager
def node(*names: str, authority: trustme.CA = AUTHORITY, newest: ssl.TLSVersion | None = None) -> Iterator[int]:
    """Shake hands with each client, then close the connection; the context is the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    if newest is not None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, newest
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            # The listener is closed at the end; a client that refuses the certificate ends its connection.
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def shake_hands(settings: CassandraSettings) -> str | None:
    """Connect as the driver does, and return the version of TLS."""
    context = client_context(settings)
    assert context is not None
    [host] = settings.hosts
    with (
        socket.create_connection((host, settings.port)) as connection,
        context.wrap_socket(connection, server_hostname=host) as secure,
    ):
        return secure.version()


def test_without_tls_there_is_no_context() -> None:
    assert client_context(CassandraSettings()) is None


def test_a_node_of_the_authority_with_the_right_name_is_accepted(ca_file: str) -> None:
    with node("127.0.0.1") as port:
        assert shake_hands(CassandraSettings(port=port, tls=True, ca_file=ca_file)) == "TLSv1.3"
    with node("127.0.0.1", newest=ssl.TLSVersion.TLSv1_2) as port:
        assert shake_hands(CassandraSettings(port=port, tls=True, ca_file=ca_file)) == "TLSv1.2"


def test_a_certificate_of_another_name_is_refused(ca_file: str) -> None:
    with node("cassandra.example") as port, pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        shake_hands(CassandraSettings(port=port, tls=True, ca_file=ca_file))


@pytest.mark.parametrize("trusted", ["ours", "the system's"])
def test_a_certificate_of_another_authority_is_refused(ca_file: str, trusted: str) -> None:
    with (
        node("127.0.0.1", authority=trustme.CA()) as port,
        pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get local issuer|self-signed"),
    ):
        shake_hands(CassandraSettings(port=port, tls=True, ca_file=ca_file if trusted == "ours" else ""))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_old_version_of_tls_is_refused(ca_file: str) -> None:
    with (
        node("127.0.0.1", newest=ssl.TLSVersion.TLSv1_1) as port,
        pytest.raises(ssl.SSLError, match="protocol version"),
    ):
        shake_hands(CassandraSettings(port=port, tls=True, ca_file=ca_file))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_a_client_of_an_old_version_reaches_a_server_of_that_version(ca_file: str) -> None:
    """So what refuses such a client is the server, in the tests that expect it."""
    context = ssl.create_default_context(cafile=ca_file)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_1
    with (
        node("127.0.0.1", newest=ssl.TLSVersion.TLSv1_1) as port,
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        assert secured.version() == "TLSv1.1"


def test_the_driver_checks_the_name_and_the_error_says_so(ca_file: str) -> None:
    with node("cassandra.example") as port:
        settings = CassandraSettings(port=port, tls=True, ca_file=ca_file, connect_timeout_s=5.0)
        with pytest.raises(StoreError, match=r"no TLS connection \(certificate verify failed: IP address mismatch"):
            CassandraSession(settings).start()


def test_the_driver_accepts_a_node_by_the_name_of_the_settings_and_by_no_other(ca_file: str) -> None:
    with node("cassandra.example") as port:
        settings = CassandraSettings(
            port=port, tls=True, ca_file=ca_file, tls_server_name="cassandra.example", connect_timeout_s=5.0
        )
        # The node closes the connection after the handshake.
        with pytest.raises(StoreError) as closed:
            CassandraSession(settings).start()
        assert "TLS" not in str(closed.value)
        with pytest.raises(StoreError, match=r"no TLS connection \(certificate verify failed: Hostname mismatch"):
            CassandraSession(attrs.evolve(settings, tls_server_name="other.example")).start()


def test_a_client_certificate_is_presented(ca_file: str, tmp_path: Path) -> None:
    client = AUTHORITY.issue_cert("aggregator")
    cert_file, key_file = tmp_path / "client.pem", tmp_path / "client.key"
    client.cert_chain_pems[0].write_to_path(cert_file)
    client.private_key_pem.write_to_path(key_file)
    settings = CassandraSettings(tls=True, ca_file=ca_file, cert_file=str(cert_file), key_file=str(key_file))
    context, server = client_context(settings), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert context is not None
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(server)
    AUTHORITY.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    assert "aggregator" in str(presented(context, server))


ASKS_NOBODY = """
import sys
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.tls import client_context
client_context(CassandraSettings(tls=True, cert_file=sys.argv[1], key_file=sys.argv[2]))
"""


def test_an_encrypted_key_is_refused_and_no_terminal_is_asked_for_its_password(tmp_path: Path) -> None:
    client = AUTHORITY.issue_cert("aggregator")
    cert_file, key_file = tmp_path / "client.pem", tmp_path / "client.key"
    client.cert_chain_pems[0].write_to_path(cert_file)
    key = load_pem_private_key(client.private_key_pem.bytes(), password=None)
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"typed")))
    # A new session has no terminal, and OpenSSL asks the standard input instead.
    done = subprocess.run(
        [sys.executable, "-c", ASKS_NOBODY, str(cert_file), str(key_file)],
        input="typed\n", capture_output=True, text=True, start_new_session=True, timeout=60, check=False,
    )  # fmt: skip
    assert "client.key cannot be used: not PEM, not of one pair, or an encrypted key" in done.stderr
    assert "pass phrase" not in done.stderr


def presented(client: ssl.SSLContext, server: ssl.SSLContext) -> object:
    """Shake hands in memory, and return the certificate that the server has seen."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(4):
        for end in ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return ends[1].getpeercert()


@pytest.mark.parametrize("field", ["ca_file", "cert_file"])
def test_a_file_that_cannot_be_read_is_named(ca_file: str, tmp_path: Path, field: str) -> None:
    missing = str(tmp_path / "missing.pem")
    files = {"ca_file": ca_file, field: missing} | ({"key_file": missing} if field == "cert_file" else {})
    with pytest.raises(StoreError, match=r"missing\.pem .*No such file"):
        client_context(CassandraSettings(tls=True, **files))  # type: ignore[arg-type]


def test_a_file_that_is_not_pem_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.der"
    file.write_bytes(b"\x00 garbage")
    with pytest.raises(StoreError, match=r"ca\.der cannot be used: not PEM"):
        client_context(CassandraSettings(tls=True, ca_file=str(file)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"ca_file": "ca.pem"},
        {"tls_server_name": "cassandra.example"},
        {"tls": True, "cert_file": "client.pem"},
        {"tls": True, "key_file": "client.key"},
        {"password": "without a user"},
    ],
)
def test_settings_that_contradict_each_other_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"tls: |cert_file and key_file|username: "):
        CassandraSettings(**wrong)  # type: ignore[arg-type]
