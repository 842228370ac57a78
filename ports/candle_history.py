"""Port: what was known of candles at an earlier moment."""

from collections.abc import Iterator
from typing import Protocol

from domain.candle import Candle

from .candle_store import CandleStore


class CandleHistory(CandleStore, Protocol):
    """A candle store that also keeps the versions of candles of closed windows, see `domain.candle_revision`."""

    def read_as_of(self, symbol: str, start_ms: int, end_ms: int, window_ms: int, *, as_of_ms: int) -> Iterator[Candle]:
        """Return what `read` would have returned at that moment, without the candles that were still forming then. Raise StoreError."""
        ...
