"""A running sum of trades of one window: first, last, high, low, volume and counts, folded in place."""

from .decimals import ZERO, add, multiply_add
from .trade import Trade


class TradeSum:
    """The sum of the trades added so far. `open` and `close` are the fields of a `TradeKey`."""

    __slots__ = ("close", "high", "low", "notional", "open", "trades", "updates", "volume")

    def __init__(self, first: Trade) -> None:
        self.open = self.close = (first.timestamp_ms, first.trade_id, first.price)
        self.high = self.low = first.price
        self.volume = self.notional = ZERO
        self.trades = self.updates = 0
        self.add(first)

    def add(self, trade: Trade) -> None:
        """Fold one more trade in."""
        price, volume = trade.price, trade.volume
        key = (trade.timestamp_ms, trade.trade_id, price)
        if key > self.close:
            self.close = key
        elif key < self.open:
            self.open = key
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        if volume:
            self.volume = add(self.volume, volume)
            self.notional = multiply_add(price, volume, self.notional)
            self.trades += 1
        else:
            self.updates += 1

    def plus(self, other: "TradeSum | None") -> "TradeSum":
        """Return the sum of the trades of both; it may be one of the two, so it must not be changed."""
        if other is None:
            return self
        both = TradeSum.__new__(TradeSum)
        both.open, both.close = min(self.open, other.open), max(self.close, other.close)
        both.high, both.low = max(self.high, other.high), min(self.low, other.low)
        both.volume, both.notional = add(self.volume, other.volume), add(self.notional, other.notional)
        both.trades, both.updates = self.trades + other.trades, self.updates + other.updates
        return both
