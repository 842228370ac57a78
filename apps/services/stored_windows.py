"""The windows that an earlier run began: their trades are in the trade store, and not in this run's memory.

A candle is written whole, so one that is folded from this run's trades alone would overwrite a better one. The rule: when a window is touched for the first
time, the trades that the store has of it are folded first. The broker redelivers what was stored and not committed; such a trade is folded once.
"""

from collections.abc import Iterator, Sequence

from domain.trade import Trade
from ports.trade_store import TradeStore

Window = tuple[str, int]
"""Symbol and start, in milliseconds since the epoch."""


class StoredWindows:
    """Completes each batch of trades by what the trade store has of the same windows."""

    def __init__(self, store: TradeStore, *, window_ms: int) -> None:
        self._store = store
        self._window_ms = window_ms
        self._stored: dict[Window, set[tuple[int, str]]] = {}
        """The windows that were touched, each with the keys of the trades that came from the store."""

    def complete(self, batch: Sequence[Trade], *, watermark_ms: int | None) -> list[Trade]:
        """Return the trades to fold for a batch: first the stored trades of windows that are new here, then those of the batch that were not stored.

        Call it before the batch is stored. A window that ends at or before the watermark is final and is left as it is. Raise StoreError.
        """
        window_ms = self._window_ms
        windows = {(trade.symbol, trade.timestamp_ms - trade.timestamp_ms % window_ms) for trade in batch}
        recalled: list[Trade] = []
        for symbol, start_ms in sorted(windows - self._stored.keys()):
            if watermark_ms is None or start_ms + window_ms > watermark_ms:
                recalled += self._recall(symbol, start_ms)
        if any(self._stored.get(window) for window in windows):
            return [*recalled, *self._not_stored(batch)]
        return [*recalled, *batch]

    def forget(self, watermark_ms: int | None) -> None:
        """Forget the windows that are final."""
        if watermark_ms is not None:
            for window in [window for window in self._stored if window[1] + self._window_ms <= watermark_ms]:
                del self._stored[window]

    def _recall(self, symbol: str, start_ms: int) -> list[Trade]:
        trades = list(self._store.read(symbol, start_ms, start_ms + self._window_ms))
        self._stored[symbol, start_ms] = {(trade.timestamp_ms, trade.trade_id) for trade in trades}
        return trades

    def _not_stored(self, batch: Sequence[Trade]) -> Iterator[Trade]:
        for trade in batch:
            window = (trade.symbol, trade.timestamp_ms - trade.timestamp_ms % self._window_ms)
            if (trade.timestamp_ms, trade.trade_id) not in self._stored.get(window, ()):
                yield trade
