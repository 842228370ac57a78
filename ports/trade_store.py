"""Port: where raw trades are kept."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from domain.trade import Trade


class TradeStore(Protocol):
    """Keeps trades by (symbol, timestamp_ms, trade_id): writing one again changes nothing, so a replay does no harm."""

    def start(self) -> None:
        """Connect. Raises StoreError when the store cannot be reached."""
        ...

    def write(self, trades: Iterable[Trade]) -> None:
        """Keep trades; on return all of them are kept. Raises StoreError, and then any of them may be kept: write them again."""
        ...

    def read(self, symbol: str, start_ms: int, end_ms: int) -> Iterator[Trade]:
        """Give the symbol's trades with start_ms <= timestamp_ms < end_ms, by event time, then trade id. Pages underneath. Raises StoreError."""
        ...

    def close(self) -> None:
        """Let go of the connection; closing twice is fine."""
        ...
