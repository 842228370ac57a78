"""Small factories and helpers for tests of feeds."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adapters.finnhub.settings import FinnhubSettings
from adapters.finnhub.websocket_feed import FinnhubFeed
from adapters.simulator.quirks import Quirks
from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from domain.feed import FeedEvent, FeedEventKind, FeedMessage, Frame
from ports.feed import Feed

from .timeouts import TIMEOUT_S, scaled, wait_until

QUIET = 1e-9
"""A rate at which no trade comes in a test's lifetime."""


def payload(symbol: str = "AAPL", timestamp_ms: int = 1_700_000_000_000, price: str = "164.06") -> bytes:
    """One trade's frame as Finnhub writes it."""
    trade = f'{{"c":["1"],"p":{price},"s":{json.dumps(symbol)},"t":{timestamp_ms},"v":5}}'
    return f'{{"data":[{trade}],"type":"trade"}}'.encode()


def quiet_server(quirks: Quirks | None = None, port: int = 0) -> SimulatedFinnhub:
    """Return a server that sends nothing on its own."""
    return SimulatedFinnhub(SimulatorSettings(rate=QUIET, port=port, quirks=quirks or Quirks(ping_interval_s=0)))


def settings(url: str, **changes: object) -> FinnhubSettings:
    """Return the settings of a client with short timeouts."""
    values: dict[str, object] = {
        "url": url,
        "token": "a-token",
        "connect_timeout_s": scaled(2.0),
        "backoff_base_s": 0.01,
        "backoff_cap_s": 0.05,
        **changes,
    }
    return FinnhubSettings(**values)  # type: ignore[arg-type]


@contextmanager
def connected(server: SimulatedFinnhub, *symbols: str, **changes: object) -> Iterator[FinnhubFeed]:
    """A feed that is connected and has subscribed."""
    feed = FinnhubFeed(settings(server.url, **changes))
    feed.subscribe(symbols or ("AAPL",))
    try:
        feed.start()
        read_until(feed, FeedEventKind.SUBSCRIBED)
        wanted = set(symbols or ("AAPL",))
        wait_until(lambda: wanted in server.subscriptions())
        yield feed
    finally:
        feed.close()


def messages(feed: Feed, until: Callable[[FeedMessage], bool], timeout_s: float = TIMEOUT_S) -> list[FeedMessage]:
    """Read up to and including the message that was waited for; fail when it does not come."""
    deadline = time.monotonic() + timeout_s
    seen: list[FeedMessage] = []
    while time.monotonic() < deadline:
        message = feed.read(0.1)
        if message is not None:
            seen.append(message)
            if until(message):
                return seen
    raise AssertionError(f"it did not come; what came: {seen[-20:]}")


def read_until(feed: Feed, kind: FeedEventKind, timeout_s: float = TIMEOUT_S) -> list[FeedMessage]:
    """Read up to an event of this kind."""
    return messages(feed, lambda message: isinstance(message, FeedEvent) and message.kind == kind, timeout_s)


def read_frames(feed: Feed, count: int) -> list[Frame]:
    """Read so many frames, past all events."""
    frames: list[Frame] = []

    def enough(message: FeedMessage) -> bool:
        if isinstance(message, Frame):
            frames.append(message)
        return len(frames) == count

    messages(feed, enough)
    return frames


def kinds(seen: list[FeedMessage]) -> list[str]:
    """The kinds of the events among these."""
    return [str(message.kind) for message in seen if isinstance(message, FeedEvent)]


class FakeClock:
    """A clock that moves when somebody sleeps by it."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


class Relay:
    """A TCP relay before a server that can freeze: connections stay open and nothing passes any more."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._frozen = threading.Event()
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._listener.getsockname()[1]}"

    def freeze(self) -> None:
        """Pass nothing on any more for the connections that are open now."""
        self._frozen.set()
        self._frozen = threading.Event()

    def close(self) -> None:
        self._listener.close()
        for sock in self._sockets:
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(source, sink, self._frozen), daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, sink: socket.socket, frozen: threading.Event) -> None:
        try:
            while data := source.recv(65_536):
                if frozen.is_set():
                    return
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return


@contextmanager
def tcp_server(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """Run a server that calls the function with each connection; yield its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    clients: list[socket.socket] = []

    def one(client: socket.socket) -> None:
        try:
            serve(client)
        except OSError:
            pass
        finally:
            client.close()

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            clients.append(client)
            threading.Thread(target=one, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
        for client in clients:
            client.close()
