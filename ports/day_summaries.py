"""Port: days summed up from stored trades and candles."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from domain.day_summary import DaySummary, SymbolDay


class DaySummaries(Protocol):
    """Counts the trades of days, folds them, and compares the stored 1-minute candles with them. It changes nothing."""

    def start(self) -> None:
        """Connect. Raise StoreError when the stores cannot be reached."""
        ...

    def read(self, days: Sequence[SymbolDay]) -> Iterator[DaySummary]:
        """Return the summary of each day, in the order of the days; each symbol comes once. Raise StoreError."""
        ...

    def close(self) -> None:
        """Release the connections. Closing twice is fine."""
        ...
