"""Longer intraday candles, read from the stored 1-minute candles: nothing longer than a minute is stored for them.

A window that is a multiple of a minute is rolled up from 1-minute candles. Where the span holds none, candles of exactly that length are read, which an
aggregator with longer windows has stored. Any other length is read as it is stored.
"""

from collections.abc import Iterable, Iterator
from typing import Self

from domain.candle import Candle
from domain.candle_revision import RevisionReason
from domain.rollup import rollup
from domain.window import MINUTE_MS, window_start_ms
from ports.candle_history import CandleHistory


class RollupCandleStore:
    """A `ports.candle_store.CandleStore` that reads rolled-up candles from another store. Writes pass through.

    With `as_of_ms`, it reads what was known at that moment.
    """

    def __init__(self, store: CandleHistory, *, as_of_ms: int | None = None) -> None:
        self._store = store
        self._as_of_ms = as_of_ms

    def start(self) -> None:
        """Connect."""
        self._store.start()

    def write(
        self, candles: Iterable[Candle], *, known_at_ms: int | None = None, reason: RevisionReason | None = None
    ) -> None:
        """Persist candles as they are."""
        self._store.write(candles, known_at_ms=known_at_ms, reason=reason)

    def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[Candle]:
        """Return the symbol's candles of this length with start_ms <= window start < end_ms, oldest first. Raise StoreError."""
        if window_ms <= MINUTE_MS or window_ms % MINUTE_MS:
            return self._read_stored(symbol, start_ms, end_ms, window_ms)
        return self._read_rolled_up(symbol, start_ms, end_ms, window_ms)

    def close(self) -> None:
        """Release the connection."""
        self._store.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_rolled_up(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[Candle]:
        first_ms, last_ms = (window_start_ms(moment_ms + window_ms - 1, window_ms) for moment_ms in (start_ms, end_ms))
        minutes = self._read_stored(symbol, first_ms, last_ms, MINUTE_MS)
        window: list[Candle] = []
        is_empty = True
        for minute in minutes:
            is_empty = False
            if window and minute.window_start_ms >= window_start_ms(window[0].window_start_ms, window_ms) + window_ms:
                yield from rollup(window, window_ms)
                window = []
            window.append(minute)
        yield from rollup(window, window_ms)
        if is_empty:
            yield from self._read_stored(symbol, start_ms, end_ms, window_ms)

    def _read_stored(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[Candle]:
        if self._as_of_ms is None:
            return self._store.read(symbol, start_ms, end_ms, window_ms)
        return self._store.read_as_of(symbol, start_ms, end_ms, window_ms, as_of_ms=self._as_of_ms)
