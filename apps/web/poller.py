"""One poller for all subscribers: it reads the store, updates the latest candles and the health, and fills the queues.

1. The store is read in a worker thread. The latest candles, the health and the queues belong to the event loop.
2. A failed poll is logged and shown as a stage that is down. The next poll tries again, and the latest candles stay.
3. A store that does not answer delays neither the health nor the subscribers.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

import structlog

from adapters.system_clock import system_clock
from apps.observability.pipeline_stages import FiringAlert, Stage, StageState
from domain.candle import Candle
from domain.errors import TapelineError
from ports.clock import Clock

from .coalescing_queue import CoalescingQueue
from .latest_candles import LatestCandles
from .latest_reports import LatestReports
from .page_source import PageSource
from .pipeline_health import HealthTracker, PipelineHealth
from .store_reader import StoreReader

FULL_READ_EVERY: Final = 20
"""One of this many polls reads all kept candles, to find those written out of order or corrected later."""
HEALTH_EVERY_S: Final = 1.0
"""Interval of health updates while a read of the store is running."""
T = TypeVar("T")

_log = structlog.get_logger("apps.web")


class TooManyWatchersError(TapelineError):
    """The largest number of open pages is reached."""


class Poller:
    """Run `run` as a task of the event loop in which `subscribe` is used."""

    def __init__(self, source: PageSource, *, now_ms: Clock = system_clock) -> None:
        self.source = source
        self.now_ms = now_ms
        self.latest = LatestCandles()
        self.reports = LatestReports(source.reports, now_ms)
        self.symbols: tuple[str, ...] = ()
        self._reader = StoreReader(source, now_ms)
        self._health = HealthTracker(is_recording=source.is_recording, stale_after_s=source.stale_after_s)
        self._queues: set[CoalescingQueue] = set()
        self._polls = 0
        self._is_store_failing = False
        self._symbol_stages: Sequence[Stage] = ()
        """Empty unless the symbols cannot be listed."""
        self._stages: Sequence[Stage] = ()
        self._alerts: Sequence[FiringAlert] = ()

    @property
    def watchers(self) -> int:
        """The number of open pages."""
        return len(self._queues)

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            try:
                await self.poll()
            except Exception as error:  # noqa: BLE001 - one failed poll must not end the page
                _log.exception("poll_failed")
                self._health.read_failed(type(error).__name__)
            await asyncio.sleep(self.source.poll_s)

    async def poll(self) -> None:
        """Read the store once and notify all subscribers."""
        has_new_symbols = self._list_symbols()
        full = self._polls % FULL_READ_EVERY == 0
        self._polls += 1
        spans = self._reader.spans(self.symbols, self.latest, full=full)
        await asyncio.to_thread(self._update_stages)
        start_s = time.perf_counter()
        changed: list[Candle] = []
        try:
            candles = await self._read_in_thread(lambda: self._reader.candles(spans))
            self._health.read_succeeded((time.perf_counter() - start_s) * 1000)
            is_first = self.latest.newest_event_ms is None
            changed = self.latest.apply(candles)
            # Candles from before the first poll are not part of the trade rate.
            if not is_first:
                await self._sample_lag(changed)
            self._is_store_failing = False
        except Exception as error:  # noqa: BLE001 - one failed poll must not end the page; the health shows it
            self._store_failed(error)
        self._publish(changed, reset=has_new_symbols)

    @contextmanager
    def subscribe(self) -> Iterator[CoalescingQueue]:
        """Return a queue that receives updates while the block runs. Raise TooManyWatchersError."""
        self.check_room()
        queue = CoalescingQueue.for_symbols(len(self.symbols))
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    def check_room(self) -> None:
        """Raise TooManyWatchersError if no further page can be served."""
        if len(self._queues) >= self.source.max_watchers:
            raise TooManyWatchersError(f"{self.source.max_watchers} pages are open already")

    def health(self) -> PipelineHealth:
        """Return the present health."""
        return self._health.health(
            now_ms=self.now_ms(),
            newest_event_ms=self.latest.newest_event_ms,
            stages=[*self._symbol_stages, *self._stages],
            alerts=self._alerts,
        )

    def unready(self) -> Sequence[str]:
        """Return why the page is not ready; empty if it is."""
        return self._health.store_errors()

    def _list_symbols(self) -> bool:
        """Update the symbols, and return whether they changed. If they cannot be listed, the known ones stay and a stage shows it."""
        try:
            symbols = tuple(dict.fromkeys(self.source.symbols()))[: self.source.max_symbols]
        except Exception as error:  # noqa: BLE001 - the stage shows it, and the next poll tries again
            if not self._symbol_stages:
                _log.exception("symbols_not_listed")
            self._symbol_stages = (Stage(name="Symbols", state=StageState.DOWN, detail=type(error).__name__),)
            return False
        self._symbol_stages = ()
        if symbols == self.symbols:
            return False
        self.symbols = symbols
        self.latest.invalidate()
        return True

    async def _read_in_thread(self, read: Callable[[], T]) -> T:
        """Read the store in a worker thread, and publish the health while the read is running."""
        start_s = time.monotonic()
        reading = asyncio.create_task(asyncio.to_thread(read))
        while not (await asyncio.wait({reading}, timeout=HEALTH_EVERY_S))[0]:
            self._health.read_pending((time.monotonic() - start_s) * 1000)
            await asyncio.to_thread(self._update_stages)
            self._publish([])
        return reading.result()

    def _publish(self, changed: Sequence[Candle], *, reset: bool = False) -> None:
        self._health.count_trades(time.monotonic(), self.latest.total_trades)
        for queue in self._queues:
            queue.put(changed, reset=reset)

    def _update_stages(self) -> None:
        try:
            self._stages, self._alerts = self.source.stages(), self.source.alerts()
        except Exception as error:  # noqa: BLE001 - the failure itself becomes a stage
            self._stages = (Stage(name="Stages", state=StageState.WARNING, detail=type(error).__name__),)

    async def _sample_lag(self, changed: list[Candle]) -> None:
        if not changed or self.source.is_recording:
            return
        newest = max(changed, key=lambda candle: candle.close_key)
        trade = await self._read_in_thread(lambda: self._reader.closing_trade(newest))
        if trade is not None:
            self._health.sample_lag(trade, self.now_ms())

    def _store_failed(self, error: Exception) -> None:
        text = str(error) if isinstance(error, TapelineError) else type(error).__name__
        self._health.read_failed(text)
        if not self._is_store_failing:
            self._is_store_failing = True
            _log.warning("store_not_readable", error=text)
