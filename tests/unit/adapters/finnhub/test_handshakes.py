"""Handshakes against a real server: hanging, malformed, refused, rate limited."""

import socket
import threading
import time

import pytest

from adapters.finnhub.websocket_feed import FinnhubFeed
from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from domain.feed import FeedEventKind
from ports.errors import KeyRefusedError
from tests.support.feeds import (
    QUIET,
    FakeClock,
    connected,
    kinds,
    quiet_server,
    read_until,
    settings,
    tcp_server,
)
from tests.support.timeouts import TIMEOUT_S, scaled, wait_until

RECONNECT = ["disconnected", "connected", "subscribed"]


def test_a_handshake_that_hangs_is_given_up_and_tried_again() -> None:
    with quiet_server() as server:
        server.hang_handshakes(1)
        feed = FinnhubFeed(settings(server.url, connect_timeout_s=scaled(0.3)))
        feed.subscribe(["AAPL"])
        feed.start()
        begun = time.monotonic()
        seen = read_until(feed, FeedEventKind.SUBSCRIBED)
        feed.close()
    assert kinds(seen) == RECONNECT
    assert f"within {scaled(0.3):g} s" in str(seen[0])
    assert time.monotonic() - begun < scaled(15)


def test_a_handshake_that_comes_byte_by_byte_is_given_up_in_time() -> None:
    def drip(client: socket.socket) -> None:
        for byte in b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"x" * 10_000:
            client.sendall(bytes([byte]))
            time.sleep(0.02)

    with tcp_server(drip) as url:
        feed = FinnhubFeed(settings(url, connect_timeout_s=0.3))
        feed.start()
        begun = time.monotonic()
        seen = read_until(feed, FeedEventKind.DISCONNECTED)
        assert time.monotonic() - begun < scaled(5)
        feed.close()
    assert "within 0.3 s" in str(seen[0])


def test_reading_and_closing_are_prompt_while_a_handshake_hangs() -> None:
    asked = threading.Event()

    def hang(client: socket.socket) -> None:
        client.recv(65_536)
        asked.set()
        time.sleep(30)

    with tcp_server(hang) as url:
        feed = FinnhubFeed(settings(url, connect_timeout_s=20.0))
        feed.start()
        assert asked.wait(TIMEOUT_S)
        begun = time.monotonic()
        assert feed.read(0.05) is None
        feed.close()
        assert time.monotonic() - begun < scaled(5)
        wait_until(
            lambda: all(thread.name != "finnhub-dial" for thread in threading.enumerate()), "the abandoned attempt ends"
        )


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff\xfe garbage\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: no\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\n\r\n",
        b"HTTP/1.1 500 Broken\r\nContent-Length: x\r\n\r\n",
    ],
)
def test_a_garbage_handshake_is_an_event_and_tried_again(answer: bytes) -> None:
    with quiet_server() as server:
        server.garble_handshakes(answer)
        feed = FinnhubFeed(settings(server.url))
        feed.subscribe(["AAPL"])
        feed.start()
        assert kinds(read_until(feed, FeedEventKind.SUBSCRIBED)) == RECONNECT
        assert server.handshakes == 2
        feed.close()


def test_a_redirect_is_not_followed_as_it_would_take_the_token_along() -> None:
    with quiet_server() as other, quiet_server() as server:
        server.garble_handshakes(f"HTTP/1.1 302 Found\r\nLocation: {other.url}/?token=x\r\n\r\n".encode())
        feed = FinnhubFeed(settings(server.url))
        feed.start()
        read_until(feed, FeedEventKind.CONNECTED)
        feed.close()
        assert (server.handshakes, other.handshakes) == (2, 0)


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1", "wss://no-such-host.invalid"])
def test_an_unreachable_server_is_an_event(url: str) -> None:
    feed = FinnhubFeed(settings(url))
    feed.start()
    assert kinds(read_until(feed, FeedEventKind.DISCONNECTED)) == ["disconnected"]
    feed.close()


def test_a_tls_failure_is_an_event() -> None:
    with quiet_server() as server:
        feed = FinnhubFeed(settings(server.url.replace("ws://", "wss://")))
        feed.start()
        seen = read_until(feed, FeedEventKind.DISCONNECTED)
        feed.close()
    assert "SSL" in str(seen[0])


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_ends_the_feed_with_a_clear_error(status: int) -> None:
    with quiet_server() as server:
        server.refuse_handshakes(status)
        feed = FinnhubFeed(settings(server.url))
        feed.start()
        assert kinds(read_until(feed, FeedEventKind.DISCONNECTED)) == ["disconnected"]
        for _ in range(2):
            with pytest.raises(KeyRefusedError, match=rf"does not accept this API key: .*HTTP {status}"):
                feed.read(0.1)
        assert server.handshakes == 1
        feed.close()


def test_a_key_that_is_revoked_while_connected_ends_the_feed_at_the_next_handshake() -> None:
    with quiet_server() as server, connected(server) as feed:
        server.refuse_handshakes(401)
        server.drop_connections()
        assert kinds(read_until(feed, FeedEventKind.DISCONNECTED)) == ["disconnected"]
        assert kinds(read_until(feed, FeedEventKind.DISCONNECTED)) == ["disconnected"]
        with pytest.raises(KeyRefusedError, match="HTTP 401"):
            feed.read(TIMEOUT_S)


def test_the_simulated_server_refuses_keys_that_it_does_not_know() -> None:
    with SimulatedFinnhub(SimulatorSettings(rate=QUIET, keys={"the-key"})) as server:
        with connected(server, token="the-key"):  # noqa: S106 - of a simulator
            pass
        feed = FinnhubFeed(settings(server.url, token="another"))  # noqa: S106 - of a simulator
        feed.start()
        read_until(feed, FeedEventKind.DISCONNECTED)
        with pytest.raises(KeyRefusedError, match="HTTP 401"):
            feed.read(TIMEOUT_S)
        feed.close()


def test_too_many_handshakes_make_it_wait_from_30_s() -> None:
    clock = FakeClock()
    with quiet_server() as server:
        server.refuse_handshakes(429, times=3)
        feed = FinnhubFeed(settings(server.url), monotonic=clock.monotonic, sleep=clock.sleep)
        feed.subscribe(["AAPL"])
        feed.start()
        waits = []
        for _ in range(3):
            begun = clock.now
            assert kinds(read_until(feed, FeedEventKind.DISCONNECTED)) == ["rate_limited", "disconnected"]
            waits.append(clock.now - begun)
        read_until(feed, FeedEventKind.SUBSCRIBED)
        feed.close()
    assert waits[0] == 0
    assert 30 <= waits[1] <= 45
    assert 60 <= waits[2] <= 90


def test_it_waits_as_long_as_the_server_asks() -> None:
    clock = FakeClock()
    with quiet_server() as server:
        server.refuse_handshakes(429, retry_after_s=120)
        feed = FinnhubFeed(settings(server.url), monotonic=clock.monotonic, sleep=clock.sleep)
        feed.subscribe(["AAPL"])
        feed.start()
        read_until(feed, FeedEventKind.SUBSCRIBED)
        feed.close()
    assert 120 <= clock.now - 1_000 <= 180
