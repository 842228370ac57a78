"""The simulated Finnhub server, in a thread of its own with its own event loop.

It speaks the protocol of the real server: `{"type":"subscribe","symbol":S}` in, frames of trades, pings and errors out; one connection per key, which
is the `token` of the URL. Only subscribed symbols are sent. Any thread may call its methods.
"""

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Final, Self, TypeVar

from ports.errors import PortError

from .frames import Outgoing
from .handshakes import Answer
from .hub import Hub
from .ledger import Ledger
from .session import Session
from .settings import SimulatorSettings

_ORDER_TIMEOUT_S: Final = 10.0

T = TypeVar("T")


class SimulatorError(PortError):
    """The simulated server cannot start: the port is taken, or the recording or ledger cannot be opened."""


class SimulatedFinnhub:
    """A server to start and close, which misbehaves on request."""

    def __init__(self, settings: SimulatorSettings | None = None) -> None:
        self.settings = settings or SimulatorSettings()
        self.ledger = Ledger(limit=self.settings.ledger_limit, path=self.settings.ledger_path)
        self._hub = Hub(self.settings, self.ledger)
        self._port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._started: concurrent.futures.Future[None] = concurrent.futures.Future()

    def start(self) -> Self:
        """Listen. Raise SimulatorError when that fails."""
        recording = self.settings.recording
        if recording is not None and not recording.is_file():
            raise SimulatorError(f"there is no recording at {recording}")
        try:
            self.ledger.open()
        except OSError as error:
            raise SimulatorError(f"the ledger cannot be written: {error}") from error
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="simulator", daemon=True)
        self._thread.start()
        try:
            self._started.result()
        except (OSError, ValueError) as error:
            self._thread.join()
            self.ledger.close()
            address = f"{self.settings.host}:{self.settings.port}"
            why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
            raise SimulatorError(f"cannot listen on {address}: {why}") from error
        return self

    def close(self) -> None:
        """End all connections, and stop. Closing twice is fine."""
        loop, stop, thread = self._loop, self._stop, self._thread
        if loop is not None and stop is not None and thread is not None and thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
            thread.join()
        self._thread = None
        self.ledger.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """The address for a client's settings, without a token."""
        return f"ws://{self.settings.host}:{self._port}"

    @property
    def handshakes(self) -> int:
        """How many clients have tried to connect, with or without success."""
        return self._hub.handshakes.count

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._hub.sessions)

    def subscriptions(self) -> list[set[str]]:
        """Return the symbols of each open connection, the oldest connection first."""

        async def ask() -> list[set[str]]:
            return [set(session.symbols) for session in self._hub.sessions.values()]

        return self._in_loop(ask)

    def drop_connections(self, how: str = "reset") -> int:
        """End all connections: `reset` (RST), `close` (closing handshake) or `eof`. Return how many there were."""

        async def drop() -> int:
            sessions = list(self._hub.sessions.values())
            await asyncio.gather(*(session.drop(how) for session in sessions), return_exceptions=True)
            return len(sessions)

        return self._in_loop(drop)

    def go_silent(self, seconds: float) -> None:
        """Keep all connections open and send nothing, not even pings."""
        self._for_each(lambda session: session.go_silent(seconds))

    def send_raw(self, payload: bytes) -> None:
        """Send a payload of any bytes as one text message to each client."""
        self._for_each(lambda session: session.send([Outgoing(payload, "raw")]))

    def write_wire(self, data: bytes) -> None:
        """Send bytes as they are to each client, which may be half a WebSocket frame or none."""
        self._for_each(lambda session: session.write_wire(data))

    def send_ping_frame(self) -> None:
        """Send a WebSocket ping, which is not Finnhub's own `{"type":"ping"}`, and wait for each client's pong."""

        async def ping() -> None:
            for session in list(self._hub.sessions.values()):
                await session.ping_frame()

        self._in_loop(ping)

    def refuse_handshakes(self, status: int = 429, times: int = 1, retry_after_s: int | None = None) -> None:
        """Answer the next handshakes with this HTTP status."""
        self._order(Answer(status=status, retry_after_s=retry_after_s), times)

    def hang_handshakes(self, times: int = 1) -> None:
        """Leave the next handshakes without an answer."""
        self._order(Answer(hang=True), times)

    def garble_handshakes(self, data: bytes, times: int = 1) -> None:
        """Answer the next handshakes with these bytes, then end the connection."""
        self._order(Answer(garbage=data), times)

    def _order(self, answer: Answer, times: int) -> None:
        async def order() -> None:
            self._hub.handshakes.order(answer, times)

        self._in_loop(order)

    def _for_each(self, act: Callable[[Session], None]) -> None:
        async def run() -> None:
            for session in list(self._hub.sessions.values()):
                act(session)

        self._in_loop(run)

    def _in_loop(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if self._loop is None or self._thread is None:
            raise SimulatorError("the simulated server is not running")
        return asyncio.run_coroutine_threadsafe(make(), self._loop).result(timeout=_ORDER_TIMEOUT_S)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            self._port = await self._hub.listen()
        except (OSError, ValueError) as error:
            self._started.set_exception(error)
            return
        self._started.set_result(None)
        await self._stop.wait()
        await self._hub.close()
