"""The latest candles of each symbol, and the revision at which each candle changed last.

1. Each `apply` that changes a candle creates a new revision. The candles changed after revision r bring a subscriber from r up to date.
2. A symbol keeps its newest `depth` windows. Dropping a candle raises the lowest usable revision: a subscriber below it needs a snapshot.
3. The epoch identifies this object. A revision of another epoch, such as one from before a restart, is not usable.
"""

import uuid
from collections.abc import Iterable
from typing import Final

from domain.candle import Candle

DEPTH: Final = 60
"""Windows kept per symbol: the length of a sparkline."""

WindowKey = tuple[str, int, int]


class LatestCandles:
    """For use by one thread."""

    def __init__(self, depth: int = DEPTH) -> None:
        self._depth = depth
        self._candles: dict[str, dict[int, Candle]] = {}
        self._changed_at: dict[WindowKey, int] = {}
        self._lowest_revision = 0
        self.epoch = uuid.uuid4().hex[:8]
        self.revision = 0
        self.total_trades = 0
        """Trades and price updates added to candles since the first `apply`."""
        self.newest_event_ms: int | None = None
        """Event time of the newest trade in any candle."""

    def apply(self, candles: Iterable[Candle]) -> list[Candle]:
        """Store candles read from the store, and return those that are new or changed, each once."""
        changed = {candle.window_key: candle for candle in candles if self._is_change(candle)}
        if changed:
            self.revision += 1
        for candle in changed.values():
            self._put(candle)
        return list(changed.values())

    def invalidate(self) -> None:
        """Make every earlier revision unusable, for example after a change of the watched symbols."""
        self.revision += 1
        self._lowest_revision = self.revision

    def newest(self, symbol: str) -> Candle | None:
        """Return the newest candle of a symbol."""
        windows = self._candles.get(symbol)
        return windows[max(windows)] if windows else None

    def history(self, symbol: str) -> list[Candle]:
        """Return the kept candles of a symbol, oldest first."""
        windows = self._candles.get(symbol, {})
        return [windows[start] for start in sorted(windows)]

    def changed_since(self, epoch: str, revision: int) -> list[Candle] | None:
        """Return the candles changed after a revision; None if the revision is not usable."""
        if epoch != self.epoch or not self._lowest_revision <= revision <= self.revision:
            return None
        return [
            candle
            for windows in self._candles.values()
            for candle in windows.values()
            if self._changed_at[candle.window_key] > revision
        ]

    def _is_change(self, candle: Candle) -> bool:
        windows = self._candles.get(candle.symbol, {})
        known = windows.get(candle.window_start_ms)
        if known is None:
            # If all `depth` windows are in use, a candle older than each of them was dropped before, and is not new.
            return len(windows) < self._depth or candle.window_start_ms > min(windows)
        return known != candle

    def _put(self, candle: Candle) -> None:
        windows = self._candles.setdefault(candle.symbol, {})
        known = windows.get(candle.window_start_ms)
        before = 0 if known is None else known.trade_count + known.update_count
        self.total_trades += max(0, candle.trade_count + candle.update_count - before)
        windows[candle.window_start_ms] = candle
        self._changed_at[candle.window_key] = self.revision
        newest_ms = candle.close_key.timestamp_ms
        if self.newest_event_ms is None or newest_ms > self.newest_event_ms:
            self.newest_event_ms = newest_ms
        while len(windows) > self._depth:
            dropped = windows.pop(min(windows))
            self._lowest_revision = max(self._lowest_revision, self._changed_at.pop(dropped.window_key))
