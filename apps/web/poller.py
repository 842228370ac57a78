"""One poller for all watchers: reads what may have changed in the store, keeps the board and the pulse, and fills the mailboxes.

The store is read in a worker thread; board, pulse and mailboxes belong to the event loop. A store that cannot be read makes the health say so, and
is tried again at the next poll; the board keeps what it knows. One that does not answer holds up neither the health nor those who watch.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

import structlog

from adapters.system_clock import system_clock
from domain.candle import Candle
from domain.errors import TapelineError
from domain.trade import Trade
from ports.clock import Clock

from .board import DEPTH, Board
from .mailbox import Mailbox
from .pulse import Health, Pulse
from .source import FiringAlert, PageSource, Stage, StageState

WHOLE_EVERY: Final = 20
"""Of so many polls one reads all that the board holds: candles written out of order, or corrected later, are found then."""
BEAT_S: Final = 1.0
"""While the store takes its time, everybody hears of the health so often."""
T = TypeVar("T")

_log = structlog.get_logger("apps.web")


class TooManyWatchersError(TapelineError):
    """As many pages are open as are served at once."""


class Poller:
    """Run `run` as a task of the event loop in which `watch` is used."""

    def __init__(self, source: PageSource, *, now_ms: Clock = system_clock) -> None:
        self.source = source
        self.board = Board()
        self._pulse = Pulse(is_recording=source.is_recording, stale_after_s=source.stale_after_s)
        self._now_ms = now_ms
        self._mailboxes: set[Mailbox] = set()
        self._looked_at: set[str] = set()
        self._is_failing = False
        self._polls = 0
        self._symbol_stages: Sequence[Stage] = ()
        """Empty unless the symbols cannot be listed."""
        self._stages: Sequence[Stage] = ()
        self._alerts: Sequence[FiringAlert] = ()
        self.symbols: tuple[str, ...] = ()

    @property
    def watchers(self) -> int:
        """How many pages are open."""
        return len(self._mailboxes)

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            try:
                await self.poll()
            except Exception as error:  # noqa: BLE001 - one failed poll must not end the page
                _log.exception("poll_failed")
                self._pulse.read_failed(type(error).__name__)
            await asyncio.sleep(self.source.poll_s)

    async def poll(self) -> None:
        """Read the store once and tell everybody."""
        has_new_symbols = self._list_symbols()
        is_whole = self._polls % WHOLE_EVERY == 0
        self._polls += 1
        spans = [(symbol, self._from_ms(symbol, is_whole=is_whole)) for symbol in self.symbols]
        await asyncio.to_thread(self._look_around)
        begun_s = time.perf_counter()
        changed: list[Candle] = []
        try:
            candles = await self._patiently(lambda: self._read(spans))
            self._pulse.read_took((time.perf_counter() - begun_s) * 1000)
            self._looked_at.update(self.symbols)
            is_first = self.board.newest_event_ms is None
            changed = self.board.apply(candles)
            # The history that was there before the page is no rate.
            if not is_first:
                await self._sample(changed)
            self._is_failing = False
        except Exception as error:  # noqa: BLE001 - one failed poll must not end the page; the health tells it
            self._failed(error)
        self._tell(changed, reset=has_new_symbols)

    @contextmanager
    def watch(self) -> Iterator[Mailbox]:
        """Give a mailbox that is filled while the block runs. Raises TooManyWatchersError."""
        self.check_room()
        mailbox = Mailbox.of_size(len(self.symbols))
        self._mailboxes.add(mailbox)
        try:
            yield mailbox
        finally:
            self._mailboxes.discard(mailbox)

    def check_room(self) -> None:
        """Raise TooManyWatchersError when one more page would be too many."""
        if len(self._mailboxes) >= self.source.max_watchers:
            raise TooManyWatchersError(f"{self.source.max_watchers} pages are open already")

    def health(self) -> Health:
        """Give how things stand now."""
        return self._pulse.health(
            now_ms=self._now_ms(),
            newest_event_ms=self.board.newest_event_ms,
            before=[*self._symbol_stages, *self._stages],
            alerts=self._alerts,
        )

    def unready(self) -> Sequence[str]:
        """Give why the page cannot do its work; nothing when it can."""
        return self._pulse.unreadable()

    def _list_symbols(self) -> bool:
        """Update the symbols, and return whether they changed. If they cannot be listed, the known ones stay and a stage reports it."""
        try:
            symbols = tuple(dict.fromkeys(self.source.symbols()))[: self.source.max_symbols]
        except Exception as error:  # noqa: BLE001 - the stage reports it, and the next poll asks again
            if not self._symbol_stages:
                _log.exception("symbols_not_listed")
            self._symbol_stages = (Stage(name="Symbols", state=StageState.DOWN, detail=type(error).__name__),)
            return False
        self._symbol_stages = ()
        if symbols == self.symbols:
            return False
        self.symbols = symbols
        self.board.renew()
        return True

    async def _patiently(self, read: Callable[[], T]) -> T:
        """Read the store in a thread, and go on telling of the health meanwhile."""
        begun_s = time.monotonic()
        reading = asyncio.create_task(asyncio.to_thread(read))
        while not (await asyncio.wait({reading}, timeout=BEAT_S))[0]:
            self._pulse.read_lasts((time.monotonic() - begun_s) * 1000)
            await asyncio.to_thread(self._look_around)
            self._tell([])
        return reading.result()

    def _tell(self, changed: Sequence[Candle], *, reset: bool = False) -> None:
        self._pulse.folded(time.monotonic(), self.board.trades_folded)
        for mailbox in self._mailboxes:
            mailbox.put(changed, reset=reset)

    def _from_ms(self, symbol: str, *, is_whole: bool) -> int:
        source, now_ms = self.source, self._now_ms()
        # A candle changes no longer than the lateness after its window; one more window for what is on the way.
        recent_ms = source.lateness_ms + 2 * source.window_ms
        newest = self.board.newest(symbol)
        if newest is not None:
            return newest.window_start_ms - (DEPTH * source.window_ms if is_whole else recent_ms)
        if symbol in self._looked_at:
            return source.horizon.resume_from_ms(now_ms, recent_ms)
        return source.horizon.first_ms(now_ms)

    def _read(self, spans: list[tuple[str, int]]) -> list[Candle]:
        end_ms = self.source.horizon.end_ms(self._now_ms())
        candles: list[Candle] = []
        for symbol, from_ms in spans:
            candles += deque(
                self.source.candles.read(symbol, from_ms, max(end_ms, from_ms), self.source.window_ms), DEPTH
            )
        return candles

    def _look_around(self) -> None:
        try:
            self._stages, self._alerts = self.source.stages(), self.source.alerts()
        except Exception as error:  # noqa: BLE001 - stages that cannot be told are told as such
            self._stages = (Stage(name="Stages", state=StageState.WARNING, detail=type(error).__name__),)

    async def _sample(self, changed: list[Candle]) -> None:
        if not changed or self.source.is_recording:
            return
        newest = max(changed, key=lambda candle: candle.close_key)
        trade = await self._patiently(lambda: self._closing_trade(newest))
        if trade is not None:
            self._pulse.sampled(trade, self._now_ms())

    def _closing_trade(self, candle: Candle) -> Trade | None:
        at_ms = candle.close_key.timestamp_ms
        trades = itertools.islice(self.source.trades.read(candle.symbol, at_ms, at_ms + 1), 1000)
        return next((trade for trade in trades if trade.trade_id == candle.close_key.trade_id), None)

    def _failed(self, error: Exception) -> None:
        text = str(error) if isinstance(error, TapelineError) else type(error).__name__
        self._pulse.read_failed(text)
        if not self._is_failing:
            self._is_failing = True
            _log.warning("store_not_readable", error=text)
