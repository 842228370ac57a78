"""One client's connection: its subscriptions, and the tasks that send to it.

Trade frames go to the transport as ready-made WebSocket frames, many in one write: a server's frames carry no mask and no state, and
one call a frame would be the bottleneck. Between writes the transport's flow control holds.
"""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Coroutine, Iterable
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from .frames import FrameMaker, Outgoing
from .ledger import Ledger, LedgerEntry
from .market import looks_like_a_symbol
from .recording import mentions, read_recording, shift
from .settings import SimulatorSettings

_PING: Final = b'{"type":"ping"}'
_TICK_S: Final = 0.005
_BATCH_TRADES: Final = 2_000
"""At most so many are made at a time, so that the loop keeps turning."""


def text_frame(payload: bytes) -> bytes:
    """Wrap a payload as one WebSocket text frame, as a server sends it (RFC 6455, section 5.2). The payload is not checked."""
    size = len(payload)
    if size < 126:
        return b"\x81" + size.to_bytes(1, "big") + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def now_ms() -> int:
    """Give the time in milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


class Session:
    """What the server knows of one client. Lives in the server's loop."""

    def __init__(
        self,
        connection: ServerConnection,
        *,
        number: int,
        key: str,
        settings: SimulatorSettings,
        maker: FrameMaker,
        ledger: Ledger,
    ) -> None:
        self.key = key
        self.symbols: dict[str, None] = {}
        self._connection = connection
        self._number = number
        self._settings = settings
        self._maker = maker
        self._ledger = ledger
        self._rng = random.Random(f"{settings.seed}/{number}")  # noqa: S311 - reproducible, not secret
        self._subscribed = asyncio.Event()
        self._silent_until = 0.0
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Serve the client until the connection ends."""
        quirks = self._settings.quirks
        pump = self._replay() if self._settings.recording else self._stream()
        work: list[Coroutine[None, None, None]] = [pump]
        if quirks.ping_interval_s:
            work.append(self._ping())
        if quirks.mean_s_between_drops:
            work.append(self._drop_at_random())
        if quirks.mean_s_between_silences:
            work.append(self._fall_silent_at_random())
        tasks = [asyncio.create_task(each) for each in work]
        try:
            async for message in self._connection:
                self._obey(message)
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
        sent_ms = now_ms()
        out: list[bytes] = []
        for message in messages:
            frame = text_frame(message.payload)
            for copy in range(1, message.copies + 1):
                out.append(frame)
                self._ledger.add(LedgerEntry(self._number, sent_ms, message.kind, copy, message.payload))
        self._connection.transport.write(b"".join(out))

    def write_wire(self, data: bytes) -> None:
        """Send bytes as they are, which may be half a WebSocket frame or none."""
        if self._is_open:
            self._connection.transport.write(data)

    def go_silent(self, seconds: float) -> None:
        """Send nothing for so long."""
        self._silent_until = self._loop.time() + seconds

    async def ping_frame(self) -> None:
        """Send a WebSocket ping and wait for its pong."""
        await (await self._connection.ping())

    async def drop(self, how: str) -> None:
        """End the connection: `reset` (RST), `close` (a closing handshake), or `eof` (FIN without a word)."""
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
    def _is_silent(self) -> bool:
        return self._loop.time() < self._silent_until

    def _obey(self, message: str | bytes) -> None:
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
            self._subscribed.set()

    def _error(self, text: str) -> None:
        self.write_wire(text_frame(json.dumps({"msg": text, "type": "error"}).encode()))

    async def _stream(self) -> None:
        """Make up trades at the rate, as long as there are symbols."""
        settings = self._settings
        per_frame = settings.trades_per_frame
        last = self._loop.time()
        last_ms = float(now_ms())
        due = 0.0
        while True:
            symbols = list(self.symbols)
            if not symbols or self._is_silent:
                await asyncio.sleep(_TICK_S)
                last, last_ms = self._loop.time(), float(now_ms())
                continue
            now, clock_ms = self._loop.time(), float(now_ms())
            rate = self._rate(now)
            # What a slow client did not take is not owed to it beyond a second.
            due = min(due + (now - last) * rate, max(rate, per_frame)) if rate else _BATCH_TRADES
            last = now
            frames = min(int(due / per_frame), max(1, _BATCH_TRADES // per_frame))
            if frames:
                due -= frames * per_frame
                step_ms = max(clock_ms - last_ms, 0.0) / frames
                batch: list[Outgoing] = []
                for i in range(frames):
                    from_ms = last_ms + step_ms * i
                    batch += self._maker.make(symbols, per_frame, from_ms, from_ms + step_ms)
                last_ms = clock_ms
                self.send(batch)
                await self._connection.drain()
            wait_s = (per_frame - due) / rate if rate else 0.0
            await asyncio.sleep(0 if due >= per_frame or not rate else min(max(wait_s, _TICK_S), 0.2))

    def _rate(self, now: float) -> float:
        settings = self._settings
        if settings.burst_every_s and now % settings.burst_every_s < settings.burst_s:
            return settings.rate * settings.burst_factor
        return settings.rate

    async def _replay(self) -> None:
        """Send the recording from its beginning, at its pace times the speed."""
        settings = self._settings
        if settings.recording is None:
            return
        await self._subscribed.wait()
        # Clients subscribe symbol by symbol: what is recorded of the last one is not to be missed.
        with contextlib.suppress(TimeoutError):
            while True:
                self._subscribed.clear()
                await asyncio.wait_for(self._subscribed.wait(), settings.settle_s)
        first_ms: int | None = None
        begun, begun_ms = self._loop.time(), now_ms()
        for clock_ms, payload in read_recording(settings.recording):
            first_ms = clock_ms if first_ms is None else first_ms
            if settings.speed is not None:
                due = begun + (clock_ms - first_ms) / 1000 / settings.speed
                await asyncio.sleep(max(due - self._loop.time(), 0))
            if self._is_silent:
                await asyncio.sleep(self._silent_until - self._loop.time())
            if mentions(payload, set(self.symbols)):
                moved = shift(payload, begun_ms - first_ms) if settings.retime else payload
                self.send([Outgoing(moved, "trade")])
                await self._connection.drain()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._settings.quirks.ping_interval_s)
            if not self._is_silent:
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
