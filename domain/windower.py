"""Windowing of a stream: trades in, candles out, memory bounded by a watermark.

The rules, which are those of Spark's update mode:
1. The watermark is the newest event time minus the allowed lateness. It moves only when `advance` is called, for example after each batch, and never
   backwards.
2. A trade whose window ends at or before the watermark is late: it is counted, and not folded. Windows that end there are final and are dropped.
3. `take_changed` returns each candle that changed since the last call, with absolute values: writing one twice changes nothing.
"""

import math

from .candle import Candle, OpenCandle
from .candle_revision import closed_until_ms
from .eligibility import FULLY_ELIGIBLE, WITHOUT_CALENDAR, EligibilityOf
from .trade import Trade


class Windower:
    """Fold a stream of trades into candles of one length."""

    def __init__(
        self, *, window_ms: int, allowed_lateness_ms: int, eligibility_of: EligibilityOf = WITHOUT_CALENDAR
    ) -> None:
        if window_ms <= 0 or allowed_lateness_ms < 0:
            raise ValueError("a window's length is positive and the allowed lateness not negative")
        self.window_ms = window_ms
        self.allowed_lateness_ms = allowed_lateness_ms
        self.watermark_ms: int | None = None
        self.late_trades = 0
        self._eligibility_of = eligibility_of
        self._newest_ms: int | None = None
        self._open: dict[tuple[str, int, int], OpenCandle] = {}
        self._changed: dict[tuple[str, int, int], None] = {}
        self._first_end_ms: float = math.inf
        """The end of the first window to close. Until the watermark is there, no open window is looked at: there may be very many."""

    def add(self, trade: Trade) -> bool:
        """Fold one trade in. Return False for a late trade, which is only counted."""
        timestamp_ms, window_ms = trade.timestamp_ms, self.window_ms
        start_ms = timestamp_ms - timestamp_ms % window_ms
        if self.watermark_ms is not None and start_ms + window_ms <= self.watermark_ms:
            self.late_trades += 1
            return False
        if self._newest_ms is None or timestamp_ms > self._newest_ms:
            self._newest_ms = timestamp_ms
        key = (trade.symbol, start_ms, window_ms)
        known = self._open.get(key)
        if known is None:
            known = self._open[key] = OpenCandle(key)
            self._first_end_ms = min(self._first_end_ms, start_ms + window_ms)
        # A trade without conditions is fully eligible, by every table.
        known.add(trade, self._eligibility_of(trade) if trade.conditions else FULLY_ELIGIBLE)
        self._changed[key] = None
        return True

    def take_changed(self) -> list[Candle]:
        """Return the candles that changed since the last call, each once, with their present values."""
        changed = [self._open[key].candle() for key in self._changed]
        self._changed.clear()
        return changed

    def advance(self) -> list[Candle]:
        """Advance the watermark by the newest trade. Return the candles that are final now, oldest window first, and drop them.

        Call `take_changed` before: a dropped candle no longer counts as changed.
        """
        if self._newest_ms is None:
            return []
        watermark_ms = self._newest_ms - self.allowed_lateness_ms
        if self.watermark_ms is not None and watermark_ms <= self.watermark_ms:
            return []
        self.watermark_ms = watermark_ms
        if watermark_ms < self._first_end_ms:
            return []
        return self._close([key for key in self._open if key[1] + self.window_ms <= watermark_ms])

    def finish(self) -> list[Candle]:
        """Return every open candle, oldest window first, and drop them all: the stream has ended."""
        return self._close(list(self._open))

    def is_closed(self, candle: Candle) -> bool:
        """Return whether the window was closed before the trades since the last `advance`, by `domain.candle_revision`."""
        if self.watermark_ms is None:
            return False
        closed_ms = closed_until_ms(watermark_ms=self.watermark_ms, allowed_lateness_ms=self.allowed_lateness_ms)
        return candle.window_end_ms <= closed_ms

    def _close(self, keys: list[tuple[str, int, int]]) -> list[Candle]:
        for key in keys:
            self._changed.pop(key, None)
        closed = sorted((self._open.pop(key).candle() for key in keys), key=lambda c: (c.window_start_ms, c.symbol))
        self._first_end_ms = min((key[1] + self.window_ms for key in self._open), default=math.inf)
        return closed
