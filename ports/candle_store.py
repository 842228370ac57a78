"""Port: where candles are kept."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from domain.candle import Candle


class CandleStore(Protocol):
    """Keeps candles by (symbol, window start, window length). Writing one again replaces it: values are absolute, never added up."""

    def start(self) -> None:
        """Connect. Raises StoreError when the store cannot be reached."""
        ...

    def write(self, candles: Iterable[Candle]) -> None:
        """Keep candles; on return all of them are kept. Raises StoreError, and then any of them may be kept: write them again."""
        ...

    def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[Candle]:
        """Give the symbol's candles of this length with start_ms <= window start < end_ms, oldest first. Raises StoreError."""
        ...

    def close(self) -> None:
        """Let go of the connection; closing twice is fine."""
        ...
