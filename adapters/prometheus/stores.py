"""Measure the writes of stores: rows, duration and failures. Reads are passed on without a metric."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from domain.candle import Candle
from domain.candle_revision import RevisionReason
from domain.trade import Trade
from ports.candle_store import CandleStore
from ports.errors import StoreError
from ports.trade_store import TradeStore

WRITE_BOUNDS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class StoreMetrics:
    """The metrics that the stores of a program share; one for each registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._rows = Counter("tapeline_store_rows_total", "Rows written", ["store"], registry=registry)
        self._failures = Counter("tapeline_store_failures_total", "Failed writes", ["store"], registry=registry)
        self._seconds = Histogram(
            "tapeline_store_write_seconds",
            "Duration of a write of any number of rows",
            ["store"],
            buckets=WRITE_BOUNDS_S,
            registry=registry,
        )

    def open(self, store: str) -> None:
        """Export a store's metrics from now on, starting at 0."""
        for metric in (self._rows, self._failures, self._seconds):
            metric.labels(store)

    @contextmanager
    def writing(self, store: str, rows: int) -> Iterator[None]:
        """Measure a write of some rows. A write without rows does not count."""
        begun = time.perf_counter()
        try:
            yield
        except StoreError:
            self._failures.labels(store).inc()
            raise
        if rows:
            self._rows.labels(store).inc(rows)
            self._seconds.labels(store).observe(time.perf_counter() - begun)


class MeasuredTradeStore:
    """A `ports.trade_store.TradeStore` that measures the writes to another one."""

    def __init__(self, store: TradeStore, metrics: StoreMetrics) -> None:
        self._store = store
        self._metrics = metrics
        metrics.open("trades")

    def start(self) -> None:
        """Connect."""
        self._store.start()

    def write(self, trades: Iterable[Trade]) -> None:
        """Persist trades."""
        rows = list(trades)
        with self._metrics.writing("trades", len(rows)):
            self._store.write(rows)

    def read(self, symbol: str, start_ms: int, end_ms: int) -> Iterator[Trade]:
        """Return the symbol's trades."""
        return self._store.read(symbol, start_ms, end_ms)

    def close(self) -> None:
        """Release the connection."""
        self._store.close()


class MeasuredCandleStore:
    """A `ports.candle_store.CandleStore` that measures the writes to another one."""

    def __init__(self, store: CandleStore, metrics: StoreMetrics) -> None:
        self._store = store
        self._metrics = metrics
        metrics.open("candles")

    def start(self) -> None:
        """Connect."""
        self._store.start()

    def write(
        self, candles: Iterable[Candle], *, known_at_ms: int | None = None, reason: RevisionReason | None = None
    ) -> None:
        """Persist candles."""
        rows = list(candles)
        with self._metrics.writing("candles", len(rows)):
            self._store.write(rows, known_at_ms=known_at_ms, reason=reason)

    def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[Candle]:
        """Return the symbol's candles."""
        return self._store.read(symbol, start_ms, end_ms, window_ms)

    def close(self) -> None:
        """Release the connection."""
        self._store.close()
