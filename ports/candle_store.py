"""Port: where candles are stored."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from domain.candle import Candle
from domain.candle_revision import RevisionReason


class CandleStore(Protocol):
    """Stores candles by (symbol, window start, window length). Writing a candle again replaces it: values are absolute, never added up."""

    def start(self) -> None:
        """Connect. Raise StoreError when the store cannot be reached."""
        ...

    def write(
        self, candles: Iterable[Candle], *, known_at_ms: int | None = None, reason: RevisionReason | None = None
    ) -> None:
        """Persist candles; after the return all of them are stored. After a StoreError any of them may be stored: write them again.

        `known_at_ms` is the moment from which they are known, in milliseconds since the epoch; by default, the end of each window. With a `reason`
        their windows were closed, and the versions before and after are kept as revisions (`domain.candle_revision`).
        """
        ...

    def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[Candle]:
        """Return the symbol's candles of this length with start_ms <= window start < end_ms, oldest first. Raise StoreError."""
        ...

    def close(self) -> None:
        """Release the connection. Closing twice is fine."""
        ...
