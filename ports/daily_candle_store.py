"""Port: where the candles of days are stored for good."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Protocol

from domain.daily_candle import DailyCandle


class DailyCandleStore(Protocol):
    """Stores candles by (symbol, day, hours). Writing a candle again replaces it: values are absolute, never added up."""

    def start(self) -> None:
        """Connect. Raise StoreError when the store cannot be reached."""
        ...

    def write(self, candles: Iterable[DailyCandle]) -> None:
        """Persist candles; after the return all of them are stored. After a StoreError any of them may be stored: write them again."""
        ...

    def read(self, symbol: str, first: date, last: date) -> Iterator[DailyCandle]:
        """Return the symbol's candles of the days from `first` to `last`, both included, by day, then hours by name. Raise StoreError."""
        ...

    def close(self) -> None:
        """Release the connection. Closing twice is fine."""
        ...
