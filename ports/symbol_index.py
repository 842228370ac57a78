"""Port: which symbols a store knows of on a day."""

from datetime import date
from typing import Protocol


class SymbolIndex(Protocol):
    """Finds symbols by day. It may read the keys of all days, so it is for batch programs."""

    def start(self) -> None:
        """Connect. Raise StoreError when the store cannot be reached."""
        ...

    def symbols(self, day: date) -> frozenset[str]:
        """Return the symbols with trades, candles or events of connections on a UTC day. Raise StoreError."""
        ...

    def close(self) -> None:
        """Release the connection. Closing twice is fine."""
        ...
