"""Port: what changes the watchlist."""

from collections.abc import Collection, Sequence
from typing import Protocol

from domain.watchlist import Entry


class WatchlistEditor(Protocol):
    """Reads and changes the list of wanted symbols. Every change is idempotent."""

    def start(self) -> None:
        """Connect. Raise BrokerError when the list cannot be reached."""
        ...

    def entries(self) -> Sequence[Entry]:
        """Return the whole list, the oldest entry first. Raise BrokerError."""
        ...

    def add(self, symbols: Collection[str]) -> Sequence[str]:
        """Add symbols, and return those that were not on the list. Raise ValueError for a text that is not a symbol, and then add none; BrokerError."""
        ...

    def remove(self, symbols: Collection[str]) -> Sequence[str]:
        """Remove symbols, and return those that were on the list. Raise BrokerError."""
        ...

    def close(self) -> None:
        """Release the connection. Closing twice is fine."""
        ...
