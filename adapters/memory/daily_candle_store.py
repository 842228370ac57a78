"""Candles of days in memory, by symbol, day and hours."""

import threading
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Self

from domain.daily_candle import DailyCandle
from domain.rollup import DayHours


class MemoryDailyCandleStore:
    """A `ports.daily_candle_store.DailyCandleStore`. Candles stay readable after `close`, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._candles: dict[tuple[str, date, DayHours], DailyCandle] = {}

    def start(self) -> None:
        """Do nothing: there is nothing to connect to."""

    def write(self, candles: Iterable[DailyCandle]) -> None:
        """Store candles; a stored candle of the same key is replaced."""
        with self._lock:
            for candle in candles:
                self._candles[candle.key] = candle

    def read(self, symbol: str, first: date, last: date) -> Iterator[DailyCandle]:
        """Return the symbol's candles of the days from `first` to `last`, both included, by day, then hours."""
        with self._lock:
            found = [
                candle for (name, day, _), candle in self._candles.items() if name == symbol and first <= day <= last
            ]
        return iter(sorted(found, key=lambda candle: (candle.day, candle.hours)))

    def close(self) -> None:
        """Do nothing: the candles stay readable."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
