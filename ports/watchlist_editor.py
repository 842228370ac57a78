"""Port: what changes the watchlist."""

from collections.abc import Collection, Sequence
from typing import Protocol

from domain.watchlist import Entry


class WatchlistEditor(Protocol):
    """Reads and changes the list of symbols that are wanted. Doing a thing again changes nothing."""

    def start(self) -> None:
        """Connect. Raises BrokerError when the list cannot be reached."""
        ...

    def entries(self) -> Sequence[Entry]:
        """Give all that is on the list, the oldest first. Raises BrokerError."""
        ...

    def add(self, symbols: Collection[str]) -> Sequence[str]:
        """Put symbols on the list and give those that were not there. Raises ValueError on one that is no symbol, before any is added; BrokerError."""
        ...

    def remove(self, symbols: Collection[str]) -> Sequence[str]:
        """Take symbols off the list and give those that were there. Raises BrokerError."""
        ...

    def close(self) -> None:
        """Let go of the connection; closing twice is fine."""
        ...
