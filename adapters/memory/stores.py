"""Stores in memory: rows by key, so that writing a row again replaces it; read in order, over half-open ranges.

A store keeps all rows, or with `capacity` only the newest rows of each series (a symbol's trades, a symbol's candles of one length), as the TTL of
a real store removes the oldest. A read returns the rows of that moment; later writes do not change it. Rows stay readable after `close`. Stores
may be used from any thread.
"""

import bisect
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Generic, Self, TypeVar

import attrs

from domain.candle import Candle
from domain.candle_revision import CandleVersion, RevisionReason, candle_as_of, kept_revisions
from domain.trade import Trade

K = TypeVar("K", int, tuple[int, str])
V = TypeVar("V")


class _Series(Generic[K, V]):
    """Rows by key, sorted when read: rows mostly come in order, and then sorting costs almost nothing."""

    def __init__(self, capacity: int | None) -> None:
        self._capacity = capacity
        self._rows: dict[K, V] = {}
        self._keys: list[K] = []
        self._sorted = True

    def put(self, key: K, row: V) -> None:
        if key not in self._rows:
            self._sorted = self._sorted and (not self._keys or self._keys[-1] < key)
            self._keys.append(key)
        self._rows[key] = row
        # In bulk, at an eighth too many: sorting at every write would cost more than the memory is worth.
        if self._capacity is not None and len(self._keys) > self._capacity + self._capacity // 8:
            self._drop_oldest(self._capacity)

    def get(self, key: K) -> V | None:
        return self._rows.get(key)

    def between(self, start: K, end: K) -> list[V]:
        self._sort()
        if self._capacity is not None:
            self._drop_oldest(self._capacity)
        first, last = bisect.bisect_left(self._keys, start), bisect.bisect_left(self._keys, end)
        return [self._rows[key] for key in self._keys[first:last]]

    def _sort(self) -> None:
        if not self._sorted:
            self._keys.sort()
            self._sorted = True

    def _drop_oldest(self, keep: int) -> None:
        self._sort()
        surplus = max(0, len(self._keys) - keep)
        for key in self._keys[:surplus]:
            del self._rows[key]
        del self._keys[:surplus]


class MemoryTradeStore:
    """Trades of each symbol by (timestamp_ms, trade_id)."""

    def __init__(self, *, capacity: int | None = None) -> None:
        """Create an empty store; `capacity` is in trades per symbol, None for no limit."""
        self._capacity = capacity
        self._lock = threading.Lock()
        self._series: dict[str, _Series[tuple[int, str], Trade]] = {}

    def start(self) -> None:
        """Do nothing: there is nothing to connect to."""

    def write(self, trades: Iterable[Trade]) -> None:
        """Store trades."""
        with self._lock:
            for trade in trades:
                series = self._series.get(trade.symbol)
                if series is None:
                    series = self._series[trade.symbol] = _Series(self._capacity)
                series.put((trade.timestamp_ms, trade.trade_id), trade)

    def read(self, symbol: str, start_ms: int, end_ms: int) -> Iterator[Trade]:
        """Return the symbol's trades with start_ms <= timestamp_ms < end_ms, by event time, then trade id."""
        with self._lock:
            series = self._series.get(symbol)
            # No trade id sorts before the empty one, so these two keys enclose exactly the range of times.
            return iter(series.between((start_ms, ""), (end_ms, "")) if series else ())

    def close(self) -> None:
        """Do nothing: the rows stay readable."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_NONE: Final[Mapping[int, CandleVersion]] = {}


@attrs.frozen
class _Versions:
    """The current version of a candle, and the revisions by the moment from which each was known."""

    current: CandleVersion
    revisions: Mapping[int, CandleVersion]


class MemoryCandleStore:
    """Candles of each (symbol, window length) by window start: a `ports.candle_store.CandleStore` and a `ports.candle_history.CandleHistory`."""

    def __init__(self, *, capacity: int | None = None) -> None:
        """Make an empty store; `capacity` is in candles of one length a symbol, None for all."""
        self._capacity = capacity
        self._lock = threading.Lock()
        self._series: dict[tuple[str, int], _Series[int, _Versions]] = {}

    def start(self) -> None:
        """Do nothing: there is nothing to connect to."""

    def write(
        self, candles: Iterable[Candle], *, known_at_ms: int | None = None, reason: RevisionReason | None = None
    ) -> None:
        """Keep candles; one that is kept already is replaced, and kept as a revision if there is a reason."""
        with self._lock:
            for candle in candles:
                key = (candle.symbol, candle.window_ms)
                series = self._series.get(key)
                if series is None:
                    series = self._series[key] = _Series(self._capacity)
                version = CandleVersion.of(candle, known_at_ms, reason)
                known = series.get(candle.window_start_ms)
                before, revisions = (None, _NONE) if known is None else (known.current, known.revisions)
                if kept := kept_revisions(before, version):
                    revisions = {**revisions, **{each.known_at_ms: each for each in kept}}
                series.put(candle.window_start_ms, _Versions(version, revisions))

    def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[Candle]:
        """Return the symbol's candles of this length with start_ms <= window start < end_ms, oldest first."""
        with self._lock:
            return iter([found.current.candle for found in self._between(symbol, start_ms, end_ms, window_ms)])

    def read_as_of(self, symbol: str, start_ms: int, end_ms: int, window_ms: int, *, as_of_ms: int) -> Iterator[Candle]:
        """Return the candles of the same span that were known at a moment."""
        with self._lock:
            candles = [
                candle_as_of(found.current, found.revisions.values(), as_of_ms)
                for found in self._between(symbol, start_ms, end_ms, window_ms)
            ]
        return (candle for candle in candles if candle is not None)

    def close(self) -> None:
        """Do nothing: the rows stay readable."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _between(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> list[_Versions]:
        series = self._series.get((symbol, window_ms))
        return series.between(start_ms, end_ms) if series else []
