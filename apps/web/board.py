"""The newest candles of each symbol, with the revision at which each of them changed last.

1. Each `apply` that changes anything makes a new revision. A watcher that saw revision r is brought up to date by the candles changed after r.
2. A symbol keeps its newest `depth` windows. What is forgotten raises the floor: a watcher from below it needs everything.
3. The epoch names this board. Revisions of another epoch, such as one from before a restart, say nothing about this one.
"""

import uuid
from collections.abc import Iterable
from typing import Final

from domain.candle import Candle

DEPTH: Final = 60
"""Windows of a symbol that are kept: what a sparkline shows."""

WindowKey = tuple[str, int, int]


class Board:
    """For use by one thread."""

    def __init__(self, depth: int = DEPTH) -> None:
        self._depth = depth
        self._candles: dict[str, dict[int, Candle]] = {}
        self._changed_at: dict[WindowKey, int] = {}
        self._floor = 0
        self.epoch = uuid.uuid4().hex[:8]
        self.revision = 0
        self.trades_folded = 0
        """Trades and price updates that were seen to be folded in since the board's first candles."""
        self.newest_event_ms: int | None = None
        """Event time of the newest trade in any candle."""

    def apply(self, candles: Iterable[Candle]) -> list[Candle]:
        """Take candles as they were read; give those that are new or changed, each once."""
        changed = {candle.window_key: candle for candle in candles if self._is_news(candle)}
        if changed:
            self.revision += 1
        for candle in changed.values():
            self._put(candle)
        return list(changed.values())

    def renew(self) -> None:
        """Make every watcher need everything, as after a change of what is watched."""
        self.revision += 1
        self._floor = self.revision

    def newest(self, symbol: str) -> Candle | None:
        """Give the symbol's newest candle."""
        windows = self._candles.get(symbol)
        return windows[max(windows)] if windows else None

    def history(self, symbol: str) -> list[Candle]:
        """Give the symbol's candles that are kept, oldest first."""
        windows = self._candles.get(symbol, {})
        return [windows[start] for start in sorted(windows)]

    def since(self, epoch: str, revision: int) -> list[Candle] | None:
        """Give the candles changed after that revision; None where that cannot be told, and everything is needed."""
        if epoch != self.epoch or not self._floor <= revision <= self.revision:
            return None
        return [
            candle
            for windows in self._candles.values()
            for candle in windows.values()
            if self._changed_at[candle.window_key] > revision
        ]

    def _is_news(self, candle: Candle) -> bool:
        windows = self._candles.get(candle.symbol, {})
        known = windows.get(candle.window_start_ms)
        if known is None:
            # A full board has forgotten what is older than its oldest window, and a re-read of it is no news.
            return len(windows) < self._depth or candle.window_start_ms > min(windows)
        return known != candle

    def _put(self, candle: Candle) -> None:
        windows = self._candles.setdefault(candle.symbol, {})
        known = windows.get(candle.window_start_ms)
        before = 0 if known is None else known.trade_count + known.update_count
        self.trades_folded += max(0, candle.trade_count + candle.update_count - before)
        windows[candle.window_start_ms] = candle
        self._changed_at[candle.window_key] = self.revision
        newest_ms = candle.close_key.timestamp_ms
        if self.newest_event_ms is None or newest_ms > self.newest_event_ms:
            self.newest_event_ms = newest_ms
        while len(windows) > self._depth:
            forgotten = windows.pop(min(windows))
            self._floor = max(self._floor, self._changed_at.pop(forgotten.window_key))
