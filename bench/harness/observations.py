"""When the trades of one symbol became readable, from the answers of the stores and the times of those answers.

- A raw trade is readable as soon as an answer of the trade store contains it.
- A trade is readable in its candle as soon as an answer of the candle store has a candle of its window whose close is that trade or a later one.
  Trades of a symbol arrive in order here, so a candle contains every trade up to its close.
"""

from bisect import bisect_left
from collections.abc import Iterable

from bench.harness.latencies import NEVER_MS
from domain.candle import Candle
from domain.trade import Trade
from domain.window import MINUTE_MS, window_start_ms


class Observations:
    """What the stores have returned for one symbol, and when."""

    def __init__(self, from_ms: int) -> None:
        self.newest_ms = from_ms
        """Event time of the newest trade that the trade store has returned."""
        self.received_ms = 0
        """The producer's time of receipt of the newest of those trades."""
        self.folded_ms = from_ms
        """Event time of the newest trade in a candle that the candle store has returned."""
        self._first_read: dict[tuple[int, str], int] = {}
        self._newest: dict[int, tuple[int, str]] = {}
        self._closes: dict[int, list[tuple[tuple[int, str], int]]] = {}

    @property
    def candles_from_ms(self) -> int:
        """The start of the oldest window that may still change.

        One micro-batch can update the end of a window and the start of the next one, and the older candle may become readable later.
        """
        return window_start_ms(self.folded_ms, MINUTE_MS) - MINUTE_MS

    def add_trades(self, answer: Iterable[Trade], at_ms: int) -> None:
        """Add an answer of the trade store."""
        for trade in answer:
            key = (trade.timestamp_ms, trade.trade_id)
            if key not in self._first_read:
                self._first_read[key] = at_ms
                window_ms = window_start_ms(trade.timestamp_ms, MINUTE_MS)
                self._newest[window_ms] = max(self._newest.get(window_ms, key), key)
                self.newest_ms = max(self.newest_ms, trade.timestamp_ms)
                self.received_ms = max(self.received_ms, trade.received_ms)

    def add_candles(self, answer: Iterable[Candle], at_ms: int) -> None:
        """Add an answer of the candle store."""
        for candle in answer:
            closes = self._closes.setdefault(candle.window_start_ms, [])
            close = candle.close_key[:2]
            if not closes or closes[-1][0] < close:
                closes.append((close, at_ms))
            self.folded_ms = max(self.folded_ms, candle.close_key.timestamp_ms)

    def complete_until(self, end_ms: int) -> bool:
        """Return whether the answers contain every trade that the producer received before `end_ms`, each also in its candle."""
        open_ms = window_start_ms(end_ms, MINUTE_MS)
        return (
            self.received_ms >= end_ms
            and self.folded_ms >= end_ms
            and all(
                window_ms in self._closes and self._closes[window_ms][-1][0] >= newest
                for window_ms, newest in self._newest.items()
                if window_ms < open_ms
            )
        )

    def trade_latency_ms(self, trade: Trade) -> float:
        """Return the time from the trade's receipt to the first answer that contained it, or `NEVER_MS`."""
        return self._first_read.get((trade.timestamp_ms, trade.trade_id), NEVER_MS) - trade.received_ms

    def candle_latency_ms(self, trade: Trade) -> float:
        """Return the time from the trade's receipt to the first candle that contained it, or `NEVER_MS`."""
        closes = self._closes.get(window_start_ms(trade.timestamp_ms, MINUTE_MS), [])
        index = bisect_left(closes, (trade.timestamp_ms, trade.trade_id), key=lambda close: close[0])
        return (closes[index][1] if index < len(closes) else NEVER_MS) - trade.received_ms
