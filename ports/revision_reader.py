"""Port: the versions of candles that changed after their windows were closed."""

from collections.abc import Iterator
from typing import Protocol

from domain.candle_revision import CandleVersion


class RevisionReader(Protocol):
    """Reads the revisions that a candle store keeps (`domain.candle_revision`)."""

    def start(self) -> None:
        """Connect. Raise StoreError when the store cannot be reached."""
        ...

    def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[CandleVersion]:
        """Return the revisions of the symbol's windows of this length that begin in [start_ms, end_ms), oldest window first. Raise StoreError."""
        ...

    def close(self) -> None:
        """Release the connection. Closing twice is fine."""
        ...
