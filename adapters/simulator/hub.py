"""The server within its event loop: handshakes, and the sessions of connected clients."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Final
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from .frames import FrameMaker
from .handshakes import Handshakes
from .ledger import Ledger
from .market import Market
from .pumps import make_up, replay
from .session import Session
from .settings import SimulatorSettings

_WRITE_LIMIT: Final = 2**18
_CLOSE_TIMEOUT_S: Final = 0.5

# The library logs request lines, which hold the token, and every handshake that a test breaks off.
_logger = logging.getLogger("tapeline.simulator.websockets")
_logger.setLevel(logging.CRITICAL + 1)


class Hub:
    """All connections. Only the loop's thread may call it; plain attributes may be read from any."""

    def __init__(self, settings: SimulatorSettings, ledger: Ledger) -> None:
        self.sessions: dict[int, Session] = {}
        """By number, oldest first."""
        self.handshakes = Handshakes(settings.quirks, settings.seed, settings.keys)
        self._settings = settings
        self._ledger = ledger
        self._maker = FrameMaker(Market(settings.seed), settings.quirks, settings.seed)
        self._shaking_hands: set[ServerConnection] = set()
        self._connections = 0
        self._server: Server | None = None

    async def listen(self) -> int:
        """Accept connections, and return the port. Raise OSError when that fails."""
        self._server = await serve(
            self._handle,
            self._settings.host,
            self._settings.port,
            process_request=self._answer,
            compression=None,
            ping_interval=None,
            open_timeout=None,
            close_timeout=_CLOSE_TIMEOUT_S,
            write_limit=_WRITE_LIMIT,
            logger=_logger,
        )
        port: int = next(iter(self._server.sockets)).getsockname()[1]
        return port

    async def close(self) -> None:
        """End all connections and stop listening."""
        if self._server is None:
            return
        self._server.close()
        # The library waits for handshakes in progress; the hanging ones would never end.
        for connection in self._shaking_hands:
            connection.transport.abort()
        await self._server.wait_closed()

    async def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        self._shaking_hands.add(connection)
        try:
            return await self._shake_hands(connection, request)
        finally:
            self._shaking_hands.remove(connection)

    async def _shake_hands(self, connection: ServerConnection, request: Request) -> Response | None:
        answer = self.handshakes.next_answer(_key(request))
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
        others = [session for session in self.sessions.values() if session.key == key]
        if others and self._settings.quirks.one_connection_per_key:
            await asyncio.gather(connection.close(1008, "one connection a key"), *(o.drop("close") for o in others))
            return
        self._connections += 1
        number = self._connections
        session = Session(
            connection,
            number=number,
            key=key,
            settings=self._settings,
            ledger=self._ledger,
        )
        self.sessions[number] = session
        try:
            await session.run(self._pump(session))
        finally:
            del self.sessions[number]
            self._ledger.flush()

    def _pump(self, session: Session) -> Coroutine[None, None, None]:
        if self._settings.recording is not None:
            return replay(session, self._settings, self._settings.recording)
        return make_up(session, self._settings, self._maker)


def _key(request: Request | None) -> str:
    query = urlsplit(request.path).query if request is not None else ""
    return parse_qs(query).get("token", [""])[0]
