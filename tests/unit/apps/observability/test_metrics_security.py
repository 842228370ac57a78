"""The monitoring endpoint with TLS and credentials, on real sockets."""

import base64
import contextlib
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from typed_settings import SecretStr

from apps.http_security.credentials import Credentials
from apps.http_security.endpoint_security import EndpointSecurity, server_tls
from apps.http_security.password_hash import PasswordHash
from apps.observability.health import Health
from apps.observability.metrics_endpoint import MetricsEndpoint
from apps.observability.wsgi_server import MAX_CONNECTIONS
from domain.errors import TapelineError
from tests.support.certificates import ServerCertificate, make_certificate

TOKEN = SecretStr("a token of these tests".replace(" ", "-"))
PATHS = ("/metrics", "/healthz", "/readyz", "/")
OPEN = Health(stalled=list, unready=list)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ServerCertificate:
    return make_certificate(tmp_path_factory.mktemp("certificates"))


def endpoint_with(security: EndpointSecurity) -> MetricsEndpoint:
    return MetricsEndpoint(CollectorRegistry(), OPEN, host="127.0.0.1", port=0, security=security)


@pytest.fixture
def secured(certificate: ServerCertificate) -> Iterator[MetricsEndpoint]:
    security = EndpointSecurity(
        tls=server_tls(certificate.certificate, certificate.key),
        credentials=Credentials(token=TOKEN, user="prometheus", password_hash=PasswordHash.of("secret")),
    )
    with endpoint_with(security) as endpoint:
        yield endpoint


def get(
    endpoint: MetricsEndpoint, path: str, client: ssl.SSLContext | None, authorization: str = ""
) -> tuple[int, str, str]:
    """Return status, challenge and body."""
    scheme = "http" if client is None else "https"
    request = urllib.request.Request(f"{scheme}://127.0.0.1:{endpoint.port}{path}")  # noqa: S310 - loopback
    if authorization:
        request.add_header("Authorization", authorization)
    try:
        with urllib.request.urlopen(request, timeout=30, context=client) as answer:  # noqa: S310 - loopback
            return answer.status, "", answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.headers.get("WWW-Authenticate", ""), refusal.read().decode()


def test_every_path_needs_the_right_credentials(secured: MetricsEndpoint, certificate: ServerCertificate) -> None:
    basic = f"Basic {base64.b64encode(b'prometheus:secret').decode()}"
    for path in PATHS:
        for authorization in ("", "Bearer wrong", f"Bearer {TOKEN}x", "Basic cHJvbWV0aGV1czp3cm9uZw=="):
            status, challenge, body = get(secured, path, certificate.client(), authorization)
            assert (status, challenge) == (401, 'Basic realm="tapeline", charset="UTF-8"')
            assert "tapeline_ready" not in body
            assert TOKEN not in body
        for authorization in (f"Bearer {TOKEN}", basic):
            assert get(secured, path, certificate.client(), authorization)[0] == (404 if path == "/" else 200)


def test_an_old_version_of_tls_is_refused_and_a_new_one_answered(
    secured: MetricsEndpoint, certificate: ServerCertificate
) -> None:
    for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.warns(DeprecationWarning, match="TLSv1"):
            client = certificate.client(old)
        with (
            socket.create_connection(("127.0.0.1", secured.port), timeout=30) as connection,
            pytest.raises(ssl.SSLError, match="alert protocol version"),
        ):
            client.wrap_socket(connection, server_hostname="127.0.0.1")
    for new in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        client = certificate.client(new)
        with (
            socket.create_connection(("127.0.0.1", secured.port), timeout=30) as connection,
            client.wrap_socket(connection, server_hostname="127.0.0.1") as secure,
        ):
            assert secure.version() == new.name.replace("_", ".")


def test_plain_http_on_a_tls_port_gets_nothing_and_a_client_without_the_authority_refuses(
    secured: MetricsEndpoint,
) -> None:
    with pytest.raises(OSError):
        get(secured, "/metrics", None, f"Bearer {TOKEN}")
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        get(secured, "/metrics", ssl.create_default_context(), f"Bearer {TOKEN}")


def test_silent_clients_do_not_block_others(secured: MetricsEndpoint, certificate: ServerCertificate) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS // 2):
            stack.enter_context(socket.create_connection(("127.0.0.1", secured.port), timeout=30))
        assert get(secured, "/healthz", certificate.client(), f"Bearer {TOKEN}")[0] == 200


def test_too_many_connections_are_closed_and_later_ones_are_answered() -> None:
    with endpoint_with(EndpointSecurity()) as endpoint:
        with contextlib.ExitStack() as stack:
            for _ in range(MAX_CONNECTIONS):
                stack.enter_context(socket.create_connection(("127.0.0.1", endpoint.port), timeout=30))
            with socket.create_connection(("127.0.0.1", endpoint.port), timeout=30) as one_too_many:
                assert one_too_many.recv(1) == b""
        # The server notices the closed connections one after the other.
        status = 0
        while status != 200:
            with contextlib.suppress(OSError):
                status = get(endpoint, "/healthz", None)[0]


def test_a_key_that_does_not_fit_or_needs_a_password_is_refused(certificate: ServerCertificate, tmp_path: Path) -> None:
    other = make_certificate(tmp_path)
    with pytest.raises(TapelineError, match=r"cannot use the certificate .*server\.pem"):
        server_tls(certificate.certificate, other.key)
    with pytest.raises(TapelineError, match="No such file"):
        server_tls(tmp_path / "absent.pem", other.key)
