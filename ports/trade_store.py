"""Port: where raw trades are stored."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from domain.trade import Trade


class TradeStore(Protocol):
    """Stores trades by (symbol, timestamp_ms, trade_id). Writing a trade again changes nothing, so a replay is harmless."""

    def start(self) -> None:
        """Connect. Raise StoreError when the store cannot be reached."""
        ...

    def write(self, trades: Iterable[Trade]) -> None:
        """Persist trades; after the return all of them are stored. After a StoreError any of them may be stored: write them again."""
        ...

    def read(self, symbol: str, start_ms: int, end_ms: int) -> Iterator[Trade]:
        """Return the symbol's trades with start_ms <= timestamp_ms < end_ms, by event time, then trade id. Reads page by page. Raise StoreError."""
        ...

    def close(self) -> None:
        """Release the connection. Closing twice is fine."""
        ...
