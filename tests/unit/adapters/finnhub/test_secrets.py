"""The token stays inside: it is searched for in everything that the feed lets out, over all the ways in which it can fail."""

import logging
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from adapters.finnhub.redact import HIDDEN, Redactor
from adapters.finnhub.websocket_feed import FinnhubFeed
from domain.feed import FeedEventKind, FeedMessage
from ports.errors import FeedError
from tests.support.feeds import messages, payload, quiet_server, read_until, settings, tcp_server
from tests.support.timeouts import TIMEOUT_S, wait_until

TOKEN = "c0ffee/tok en+=&42"  # noqa: S105 - made up
FORMS = {TOKEN, quote(TOKEN), quote(TOKEN, safe=""), repr(TOKEN)[1:-1], "c0ffee"}


class Outlet:
    """Everything that was let out in a test."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def take(self, *things: object) -> None:
        for thing in things:
            if isinstance(thing, BaseException):
                self.texts += traceback.format_exception(thing)
            self.texts += [repr(thing), str(thing)]


@pytest.fixture
def outlet(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[Outlet]:
    caplog.set_level(logging.DEBUG)
    out = Outlet()
    yield out
    captured = capfd.readouterr()
    out.texts += [captured.out, captured.err, caplog.text, *(repr(record.__dict__) for record in caplog.records)]
    assert out.texts
    for text in out.texts:
        for form in FORMS:
            assert form not in text


def lost(url: str, outlet: Outlet, **changes: object) -> None:
    """Fail twice to connect, and let out all there is."""
    feed = FinnhubFeed(settings(url, token=TOKEN, **changes))
    feed.subscribe(["AAPL"])
    feed.start()
    seen = read_until(feed, FeedEventKind.DISCONNECTED) + read_until(feed, FeedEventKind.DISCONNECTED)
    outlet.take(feed, vars(feed), *seen)
    feed.close()
    try:
        feed.read(0.0)
    except FeedError as error:
        outlet.take(error)


def echo(client: socket.socket) -> None:
    """Answer with the request, token and all, as if it were a status line, headers and a body."""
    request = client.recv(65_536)
    target = request.split(b" ")[1]
    client.sendall(b"HTTP/1.1 500 " + target + b"\r\nX-Echo: " + target + b"\r\nContent-Length: 300\r\n\r\n" + request)


def refuse(client: socket.socket) -> None:
    """Refuse the key, and quote it as the reason."""
    target = client.recv(65_536).split(b" ")[1]
    client.sendall(b"HTTP/1.1 403 " + target + b"\r\nContent-Length: 0\r\n\r\n")


def echo_badly(client: socket.socket) -> None:
    client.sendall(client.recv(65_536))


def redirect(client: socket.socket) -> None:
    target = client.recv(65_536).split(b" ")[1]
    client.sendall(b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:bad" + target + b"\r\n\r\n")


@pytest.mark.parametrize("serve", [echo, echo_badly, redirect, lambda client: time.sleep(1)])
def test_no_token_when_the_server_answers_with_it(serve: Callable[[socket.socket], None], outlet: Outlet) -> None:
    with tcp_server(serve) as url:
        lost(url, outlet, connect_timeout_s=0.3)


def test_no_token_when_the_server_refuses_it(outlet: Outlet) -> None:
    with tcp_server(refuse) as url:
        feed = FinnhubFeed(settings(url, token=TOKEN))
        feed.start()
        outlet.take(*read_until(feed, FeedEventKind.DISCONNECTED))
        with pytest.raises(FeedError) as caught:
            feed.read(TIMEOUT_S)
        outlet.take(caught.value, feed, vars(feed))
        feed.close()


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1", "wss://127.0.0.1:1", "wss://no-such-host.invalid"])
def test_no_token_when_there_is_no_server(url: str, outlet: Outlet) -> None:
    lost(url, outlet)


def test_no_token_when_tls_fails(outlet: Outlet) -> None:
    with quiet_server() as server:
        lost(server.url.replace("ws:", "wss:"), outlet)


def test_no_token_when_a_running_connection_fails_in_every_way(outlet: Outlet) -> None:
    with quiet_server() as server:
        feed = FinnhubFeed(settings(server.url, token=TOKEN, silence_timeout_s=1.0, rate_limited_base_s=0.01))
        feed.subscribe(["AAPL"])
        feed.start()
        seen: list[FeedMessage] = read_until(feed, FeedEventKind.SUBSCRIBED)
        for how in ("reset", "close", "eof"):
            server.drop_connections(how)
            seen += read_until(feed, FeedEventKind.SUBSCRIBED)
        server.refuse_handshakes(429, times=2)
        server.drop_connections()
        seen += read_until(feed, FeedEventKind.SUBSCRIBED)
        server.send_raw(b'{"msg":"bad token=' + TOKEN.encode() + b'","type":"error"}')
        seen += read_until(feed, FeedEventKind.PROVIDER_ERROR)
        server.send_raw(b'{"type":"' + TOKEN.encode() + b'"}')
        seen += read_until(feed, FeedEventKind.OTHER_MESSAGE)
        reason = b"bye " + TOKEN.encode()
        server.write_wire(b"\x88" + bytes([2 + len(reason)]) + (1008).to_bytes(2, "big") + reason)
        seen += read_until(feed, FeedEventKind.SUBSCRIBED)
        server.write_wire(b"\x83\x00")
        seen += read_until(feed, FeedEventKind.SUBSCRIBED)
        seen += read_until(feed, FeedEventKind.SILENT)
        outlet.take(feed, vars(feed), feed._settings, *seen)
        feed.close()
    assert any(HIDDEN in str(message) for message in seen)


def test_no_token_in_settings_nor_in_the_word_about_a_missing_one(outlet: Outlet) -> None:
    outlet.take(settings("wss://x", token=TOKEN), Redactor(TOKEN))
    with pytest.raises(FeedError) as caught:
        FinnhubFeed(settings("wss://ws.finnhub.io", token="  ")).start()  # noqa: S106 - blank
    outlet.take(caught.value)


def test_frames_are_not_touched_by_hiding_the_token() -> None:
    with quiet_server() as server:
        feed = FinnhubFeed(settings(server.url, token="AAPL"))  # noqa: S106 - of a simulator
        feed.subscribe(["AAPL"])
        feed.start()
        read_until(feed, FeedEventKind.SUBSCRIBED)
        wait_until(lambda: {"AAPL"} in server.subscriptions())
        server.send_raw(payload("AAPL"))
        (frame,) = messages(feed, lambda message: getattr(message, "payload", None) == payload("AAPL"))
        feed.close()
    assert "AAPL" in str(frame)


def test_whatever_stands_behind_token_is_hidden_too() -> None:
    assert Redactor("")("GET /?token=another-key HTTP") == f"GET /?token={HIDDEN} HTTP"
