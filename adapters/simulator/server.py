"""The simulated Finnhub server, in a thread of its own with its own event loop.

It speaks the protocol of the real one: `{"type":"subscribe","symbol":S}` in, frames of trades, pings and errors out; one connection
a key, the key being the `token` of the URL, whatever it is. Symbols stream only when subscribed. Any thread may call its methods.
"""

import asyncio
import concurrent.futures
import logging
import os
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, Self, TypeVar
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from ports.errors import PortError

from .frames import FrameMaker, Outgoing
from .handshakes import Answer, Handshakes
from .ledger import Ledger
from .market import Market
from .session import Session
from .settings import SimulatorSettings

_WRITE_LIMIT: Final = 2**18
_CLOSE_TIMEOUT_S: Final = 0.5
_ORDER_TIMEOUT_S: Final = 10.0

T = TypeVar("T")

# The library logs request lines, which hold the token, and every handshake that a test breaks off.
_logger = logging.getLogger("tapeline.simulator.websockets")
_logger.setLevel(logging.CRITICAL + 1)


class SimulatorError(PortError):
    """The simulated server cannot start: the port is taken, or the recording or ledger cannot be opened."""


class SimulatedFinnhub:
    """A server to start and close, and to order misbehaviour from."""

    def __init__(self, settings: SimulatorSettings | None = None) -> None:
        self.settings = settings or SimulatorSettings()
        self.ledger = Ledger(limit=self.settings.ledger_limit, path=self.settings.ledger_path)
        self._handshakes = Handshakes(self.settings.quirks, self.settings.seed)
        self._maker = FrameMaker(Market(self.settings.seed), self.settings.quirks, self.settings.seed)
        self._sessions: dict[int, Session] = {}
        self._shaking_hands: set[ServerConnection] = set()
        self._connections = 0
        self._port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._started: concurrent.futures.Future[None] = concurrent.futures.Future()

    def start(self) -> Self:
        """Listen. Raises SimulatorError when that cannot be."""
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
        except OSError as error:
            self._thread.join()
            self.ledger.close()
            address = f"{self.settings.host}:{self.settings.port}"
            why = os.strerror(error.errno) if error.errno else str(error)
            raise SimulatorError(f"cannot listen on {address}: {why}") from error
        return self

    def close(self) -> None:
        """End all connections and stop; closing twice is fine."""
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
        """How many clients have asked to connect, whatever came of it."""
        return self._handshakes.count

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._sessions)

    def subscriptions(self) -> list[set[str]]:
        """Give the symbols of each open connection, oldest connection first."""

        async def ask() -> list[set[str]]:
            return [set(session.symbols) for session in self._sessions.values()]

        return self._in_loop(ask)

    def wait_until(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
        """Wait for something to become true; False when it did not in time."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.002)
        return True

    def drop_connections(self, how: str = "reset") -> int:
        """End all connections: `reset` (RST), `close` (closing handshake) or `eof`. Gives how many there were."""

        async def drop() -> int:
            sessions = list(self._sessions.values())
            await asyncio.gather(*(session.drop(how) for session in sessions), return_exceptions=True)
            return len(sessions)

        return self._in_loop(drop)

    def go_silent(self, seconds: float) -> None:
        """Keep all connections open and send nothing, not even pings."""
        self._for_each(lambda session: session.go_silent(seconds))

    def send_raw(self, payload: bytes) -> None:
        """Send a payload, whatever it holds, as one text message to each client."""
        self._for_each(lambda session: session.send([Outgoing(payload, "raw")]))

    def write_wire(self, data: bytes) -> None:
        """Send bytes as they are to each client, which may be half a WebSocket frame or none."""
        self._for_each(lambda session: session.write_wire(data))

    def send_ping_frame(self) -> None:
        """Send a WebSocket ping, which is not Finnhub's own `{"type":"ping"}`, and wait for each client's pong."""

        async def ping() -> None:
            for session in list(self._sessions.values()):
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
            self._handshakes.order(answer, times)

        self._in_loop(order)

    def _for_each(self, act: Callable[[Session], None]) -> None:
        async def run() -> None:
            for session in list(self._sessions.values()):
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
            server = await serve(
                self._handle,
                self.settings.host,
                self.settings.port,
                process_request=self._answer,
                compression=None,
                ping_interval=None,
                open_timeout=None,
                close_timeout=_CLOSE_TIMEOUT_S,
                write_limit=_WRITE_LIMIT,
                logger=_logger,
            )
        except OSError as error:
            self._started.set_exception(error)
            return
        self._port = next(iter(server.sockets)).getsockname()[1]
        self._started.set_result(None)
        await self._stop.wait()
        server.close()
        # The library waits for handshakes that are under way; the hanging ones would never end.
        for connection in self._shaking_hands:
            connection.transport.abort()
        await server.wait_closed()

    async def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        self._shaking_hands.add(connection)
        try:
            return await self._shake_hands(connection, request)
        finally:
            self._shaking_hands.remove(connection)

    async def _shake_hands(self, connection: ServerConnection, request: Request) -> Response | None:
        answer = self._handshakes.next_answer(_key(request))
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        if answer.hang:
            await connection.wait_closed()
        if answer.garbage is not None:
            connection.transport.write(answer.garbage)
            connection.transport.close()
            await connection.wait_closed()
        if answer.status is None:
            return None
        response = connection.respond(answer.status, "simulated refusal\n")
        if answer.retry_after_s is not None:
            response.headers["Retry-After"] = str(answer.retry_after_s)
        return response

    async def _handle(self, connection: ServerConnection) -> None:
        key = _key(connection.request)
        others = [session for session in self._sessions.values() if session.key == key]
        if others and self.settings.quirks.one_connection_per_key:
            await asyncio.gather(connection.close(1008, "one connection a key"), *(o.drop("close") for o in others))
            return
        self._connections += 1
        number = self._connections
        session = Session(
            connection,
            number=number,
            key=key,
            settings=self.settings,
            maker=self._maker,
            ledger=self.ledger,
        )
        self._sessions[number] = session
        try:
            await session.run()
        finally:
            del self._sessions[number]
            self.ledger.flush()


def _key(request: Request | None) -> str:
    query = urlsplit(request.path).query if request is not None else ""
    return parse_qs(query).get("token", [""])[0]
