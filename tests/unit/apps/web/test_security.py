"""The page and the read API with a token, TLS, and limits, on real sockets."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send
from typed_settings import SecretStr

from apps.containers.shared import page_server
from apps.http_security.credentials import Credentials
from apps.http_security.endpoint_security import EndpointSecurity, server_tls
from apps.settings.web_options import WebOptions
from apps.web.limits import Limits
from apps.web.middleware.request_limits import RequestLimits
from apps.web.server import PageServer
from domain.candle import Candle
from tests.support.certificates import ServerCertificate, make_certificate
from tests.support.made_up_market import MadeUpMarket

TOKEN = SecretStr("a token of these tests".replace(" ", "-"))
PATHS = (
    "/",
    "/js/main.js",
    "/api/symbols",
    "/api/stream",
    "/api/openapi.json",
    "/docs/alerts.md",
    "/metrics",
    "/readyz",
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ServerCertificate:
    return make_certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secured(certificate: ServerCertificate) -> Iterator[PageServer]:
    security = EndpointSecurity(
        tls=server_tls(certificate.certificate, certificate.key), credentials=Credentials(token=TOKEN)
    )
    with PageServer(MadeUpMarket(("AAPL",)).source(), port=0, security=security) as server:
        yield server


def test_nothing_is_served_without_the_token(secured: PageServer, certificate: ServerCertificate) -> None:
    assert secured.url.startswith("https://")
    with httpx.Client(base_url=secured.url, verify=certificate.client()) as client:
        for path in PATHS:
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {TOKEN}x"}):
                answer = client.get(path, headers=headers)
                assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized"), path
                assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                assert TOKEN not in answer.text


def test_everything_is_served_with_the_token_as_bearer_or_as_a_browsers_password(
    secured: PageServer, certificate: ServerCertificate
) -> None:
    with httpx.Client(base_url=secured.url, verify=certificate.client()) as client:
        for path in PATHS:
            for headers, auth in (({"Authorization": f"Bearer {TOKEN}"}, None), ({}, ("anyone", str(TOKEN)))):
                with client.stream("GET", path, headers=headers, auth=auth) as answer:
                    assert answer.status_code != 401, path


def test_an_old_version_of_tls_is_refused_and_a_new_one_answered(
    secured: PageServer, certificate: ServerCertificate
) -> None:
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old = certificate.client(ssl.TLSVersion.TLSv1_1)
    # asyncio closes the connection without saying why.
    with pytest.raises(ssl.SSLError, match=r"EOF occurred|alert protocol version"):
        spoken(secured, old)
    for new in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        assert spoken(secured, certificate.client(new)) == new.name.replace("_", ".")


def spoken(server: PageServer, client: ssl.SSLContext) -> str | None:
    """Return the version of TLS of a connection. Raise SSLError if there is none."""
    address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    with (
        socket.create_connection(address, timeout=30) as connection,
        client.wrap_socket(connection, server_hostname="127.0.0.1") as secure,
    ):
        return secure.version()


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with PageServer(MadeUpMarket(("AAPL",)).source(), port=0) as server:
        yield server


def test_a_body_is_refused_and_so_is_a_long_address(server: PageServer) -> None:
    for answer, status, code in (
        (httpx.request("GET", f"{server.url}/api/symbols", content=b"x"), 413, "body_refused"),
        (httpx.post(f"{server.url}/api/symbols", content=iter([b"x"])), 413, "body_refused"),
        (httpx.get(f"{server.url}/api/symbols?{'x' * 5_000}"), 414, "address_too_long"),
        (httpx.get(f"{server.url}/docs/{'x' * 5_000}.md"), 414, "address_too_long"),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_head_that_never_ends_is_cut_off(server: PageServer) -> None:
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=60) as connection:
        connection.sendall(b"GET /api/symbols HTTP/1.1\r\nHost: localhost\r\nX: ")
        with pytest.raises(ConnectionError):  # noqa: PT012 - the server may close at any of these
            for _ in range(1_000):
                connection.sendall(b"x" * 65_536)


class Waiting:
    """An app whose requests wait in a worker thread, as a read of the store does."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.begun = threading.Semaphore(0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        def wait() -> None:
            self.begun.release()
            assert self.free.wait(60)

        await asyncio.to_thread(wait)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def ask(app: RequestLimits, path: str = "/") -> int:
    """Return the status of the one response, 0 without one."""
    sent: list[Any] = []
    scope = {
        "type": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "method": "GET",
    }

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    starts = [message["status"] for message in sent if message["type"] == "http.response.start"]
    assert len(starts) <= 1
    return starts[0] if starts else 0


def test_requests_beyond_the_number_are_refused_until_one_ends_and_a_stream_does_not_count() -> None:
    waiting = Waiting()
    app = RequestLimits(waiting, Limits(max_requests=2), lasting=("/api/stream",))

    async def run() -> list[int]:
        first = [asyncio.create_task(ask(app)) for _ in range(2)]
        for _ in first:
            await asyncio.to_thread(waiting.begun.acquire)
        refused = await ask(app)
        stream = asyncio.create_task(ask(app, "/api/stream"))
        await asyncio.to_thread(waiting.begun.acquire)
        waiting.free.set()
        return [refused, *await asyncio.gather(*first, stream), await ask(app)]

    assert asyncio.run(run()) == [503, 200, 200, 200, 200]


def test_a_request_that_takes_too_long_is_answered_and_its_work_counts_until_it_ends() -> None:
    waiting = Waiting()
    app = RequestLimits(waiting, Limits(max_requests=1, timeout_s=0.05))

    async def run() -> None:
        assert await ask(app) == 504
        assert await ask(app) == 503
        waiting.free.set()
        # The thread needs a moment, and on a slow machine even a free request can be late.
        while await ask(app) != 200:  # noqa: ASYNC110 - the app has no event for it
            await asyncio.sleep(0.01)

    asyncio.run(run())


def test_an_error_of_the_app_is_still_an_error() -> None:
    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ArithmeticError("a bug")

    with pytest.raises(ArithmeticError):
        asyncio.run(ask(RequestLimits(broken, Limits())))


def test_the_settings_of_the_page_limit_its_requests() -> None:
    market, free = MadeUpMarket(("AAPL",)), threading.Event()

    class Frozen:
        def read(self, *_: object) -> Iterator[Candle]:
            free.wait()
            return iter(())

    web = WebOptions(port=0, max_requests=1, request_timeout_s=0.2)
    with page_server(market.source(candles=Frozen()), web) as server:
        url = f"{server.url}/api/candles?symbol=AAPL"
        statuses = [httpx.get(url).status_code for _ in range(2)]
        free.set()
    assert statuses == [504, 503]
