"""One client's connection: its subscriptions, what is sent to it, and what goes wrong with it.

Trade frames go to the transport as complete WebSocket frames, many in one write: a server's frames have no mask and no state, and one call a frame
would be the bottleneck. Between writes the transport's flow control applies.
"""

import asyncio
import contextlib
import json
import random
import zlib
from collections.abc import Coroutine, Iterable
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from adapters.system_clock import system_clock

from .frames import Outgoing
from .ledger import Ledger, LedgerEntry
from .market import looks_like_a_symbol
from .settings import SimulatorSettings

_PING: Final = b'{"type":"ping"}'


def text_frame(payload: bytes) -> bytes:
    """Return a payload as one WebSocket text frame of a server (RFC 6455, section 5.2). The payload is not checked."""
    size = len(payload)
    if size < 126:
        return b"\x81" + size.to_bytes(1, "big") + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


class Session:
    """The state of one client. Used in the server's event loop only."""

    def __init__(
        self,
        connection: ServerConnection,
        *,
        number: int,
        key: str,
        settings: SimulatorSettings,
        ledger: Ledger,
    ) -> None:
        self.key = key
        self.symbols: dict[str, None] = {}
        self._connection = connection
        self._number = number
        self._settings = settings
        self._ledger = ledger
        self._rng = random.Random(f"{settings.seed}/{number}")  # noqa: S311 - reproducible, not secret
        self.subscribed = asyncio.Event()
        """Set by each symbol that is added."""
        self._silent_until = 0.0
        self._loop = asyncio.get_running_loop()

    async def run(self, pump: Coroutine[None, None, None]) -> None:
        """Serve the client until the connection ends; `pump` sends the trades."""
        quirks = self._settings.quirks
        work = [self._report_failure(pump)]
        if quirks.ping_interval_s:
            work.append(self._ping())
        if quirks.mean_s_between_drops:
            work.append(self._drop_at_random())
        if quirks.mean_s_between_silences:
            work.append(self._fall_silent_at_random())
        tasks = [asyncio.create_task(each) for each in work]
        try:
            async for message in self._connection:
                self._handle(message)
        except ConnectionClosed:
            pass
        finally:
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception) and not isinstance(result, ConnectionClosed | ConnectionError):
                    raise result

    def send(self, messages: Iterable[Outgoing]) -> None:
        """Send messages now, in one write, and enter them in the ledger."""
        if not self._is_open:
            return
        sent_ms = system_clock()
        out: list[bytes] = []
        for message in messages:
            frame = text_frame(message.payload)
            for copy in range(1, message.copies + 1):
                out.append(frame)
                self._ledger.add(LedgerEntry(self._number, sent_ms, message.kind, copy, message.payload))
        self._connection.transport.write(b"".join(out))

    async def send_and_drain(self, messages: Iterable[Outgoing]) -> None:
        """Send messages, and wait while the client reads too slowly."""
        self.send(messages)
        await self._connection.drain()

    def write_wire(self, data: bytes) -> None:
        """Send bytes as they are, which may be half a WebSocket frame or none."""
        if self._is_open:
            self._connection.transport.write(data)

    def go_silent(self, seconds: float) -> None:
        """Send nothing for this long."""
        self._silent_until = self._loop.time() + seconds

    async def ping_frame(self) -> None:
        """Send a WebSocket ping and wait for its pong."""
        await (await self._connection.ping())

    async def drop(self, how: str) -> None:
        """End the connection: `reset` (RST), `close` (a closing handshake), or `eof` (FIN without a close frame)."""
        transport = self._connection.transport
        if how == "close":
            await self._connection.close(1001, "simulated close")
        elif how == "eof":
            transport.close()
        else:
            transport.abort()

    @property
    def _is_open(self) -> bool:
        return self._connection.state is State.OPEN and not self._connection.transport.is_closing()

    @property
    def silent_s(self) -> float:
        """How much longer to stay silent (s); 0 when not silent."""
        return max(self._silent_until - self._loop.time(), 0.0)

    def _handle(self, message: str | bytes) -> None:
        try:
            request = json.loads(message)
            kind, symbol = request["type"], request["symbol"]
        except (ValueError, KeyError, TypeError):
            return
        if kind == "unsubscribe":
            self.symbols.pop(str(symbol), None)
        elif kind == "subscribe":
            self._subscribe(symbol)

    def _subscribe(self, symbol: object) -> None:
        settings = self._settings
        known = isinstance(symbol, str) and (
            symbol in settings.symbols if settings.symbols else looks_like_a_symbol(symbol)
        )
        cap = settings.quirks.symbol_cap
        if not isinstance(symbol, str) or not known:
            self._error("Invalid symbol")
        elif cap and symbol not in self.symbols and len(self.symbols) >= cap:
            self._error("Subscribing to too many symbols")
        else:
            self.symbols[symbol] = None
            self.subscribed.set()

    def _error(self, text: str) -> None:
        self.write_wire(text_frame(json.dumps({"msg": text, "type": "error"}).encode()))

    async def _report_failure(self, pump: Coroutine[None, None, None]) -> None:
        try:
            await pump
        except (OSError, EOFError, zlib.error) as error:
            # Such as a recording that is cut: the client should see an end, not a silence.
            await self._connection.close(1011, f"simulator: {error}"[:100])

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._settings.quirks.ping_interval_s)
            if not self.silent_s:
                self.write_wire(text_frame(_PING))

    async def _drop_at_random(self) -> None:
        await asyncio.sleep(self._rng.expovariate(1 / self._settings.quirks.mean_s_between_drops))
        with contextlib.suppress(ConnectionClosed):
            await self.drop(self._rng.choice(("reset", "close", "eof")))

    async def _fall_silent_at_random(self) -> None:
        quirks = self._settings.quirks
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / quirks.mean_s_between_silences))
            self.go_silent(quirks.silence_s)
            await asyncio.sleep(quirks.silence_s)
