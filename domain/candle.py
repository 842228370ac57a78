"""Candles (OHLCV) as a mergeable value, with two views of the same trades.

The raw view takes every trade. The eligible view (`candle.eligible`) takes from each trade what its sale conditions allow (`domain.eligibility`).

A candle keeps enough to merge with another of the same window: the keys of its open and close trade, and the notional for the vwap. Merging is
associative and commutative, so a fold over trades in any order and any grouping gives the same candle. Open and close are by event time, ties
broken by trade id, never by arrival. A price update (volume 0) moves the price, adds no volume, and counts as an update, not as a trade.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Self

import attrs

from .decimals import ZERO, add, multiply, ratio
from .eligibility import FULLY_ELIGIBLE, WITHOUT_CALENDAR, Eligibility, EligibilityOf
from .eligible_view import EligibleView
from .trade import Trade, TradeKey
from .trade_sum import TradeSum
from .window import window_start_ms


# Without slots, as `domain.feed.Frame`.
@attrs.frozen(kw_only=True, slots=False)
class Candle:
    """One window of one symbol. Prices in the quote currency, volume in units of the base, times in milliseconds since the epoch, UTC."""

    symbol: str
    window_start_ms: int
    window_ms: int
    """The window's length."""
    open_key: TradeKey
    close_key: TradeKey
    high: Decimal
    low: Decimal
    volume: Decimal = ZERO
    trade_count: int = 0
    update_count: int = 0
    """Price updates: they moved the price without a trade of size."""
    notional: Decimal = ZERO
    """Sum of price x volume, exact."""
    eligible: EligibleView
    """The same trades, as far as they are eligible."""

    @property
    def open(self) -> Decimal:
        """The price of the first trade by event time."""
        return self.open_key.price

    @property
    def close(self) -> Decimal:
        """The price of the last trade by event time."""
        return self.close_key.price

    @property
    def window_end_ms(self) -> int:
        """The first millisecond after the window."""
        return self.window_start_ms + self.window_ms

    @property
    def vwap(self) -> Decimal | None:
        """Volume-weighted average price, rounded half up to 8 decimals; None where nothing but price updates came."""
        return ratio(self.notional, self.volume) if self.volume else None

    @classmethod
    def of(cls, trade: Trade, window_ms: int, eligibility_of: EligibilityOf = WITHOUT_CALENDAR) -> Self:
        """Make the candle of a single trade."""
        return cls(
            symbol=trade.symbol,
            window_start_ms=window_start_ms(trade.timestamp_ms, window_ms),
            window_ms=window_ms,
            open_key=trade.key,
            close_key=trade.key,
            high=trade.price,
            low=trade.price,
            volume=trade.volume,
            trade_count=0 if trade.is_price_update else 1,
            update_count=1 if trade.is_price_update else 0,
            notional=multiply(trade.price, trade.volume),
            eligible=EligibleView.of(trade, eligibility_of(trade)),
        )

    def merge(self, other: "Candle") -> "Candle":
        """Join two candles of the same symbol and window. Raise ValueError on two that are not."""
        if self.window_key != other.window_key:
            raise ValueError(f"candles of different windows do not merge: {self.window_key} and {other.window_key}")
        return Candle(
            symbol=self.symbol,
            window_start_ms=self.window_start_ms,
            window_ms=self.window_ms,
            open_key=min(self.open_key, other.open_key),
            close_key=max(self.close_key, other.close_key),
            high=max(self.high, other.high),
            low=min(self.low, other.low),
            volume=add(self.volume, other.volume),
            trade_count=self.trade_count + other.trade_count,
            update_count=self.update_count + other.update_count,
            notional=add(self.notional, other.notional),
            eligible=self.eligible.merge(other.eligible),
        )

    def add(self, trade: Trade, eligibility_of: EligibilityOf = WITHOUT_CALENDAR) -> "Candle":
        """Fold one more trade of the same window in. Raise ValueError on a trade of another."""
        return self.merge(Candle.of(trade, self.window_ms, eligibility_of))

    @property
    def window_key(self) -> tuple[str, int, int]:
        """What makes two candles the same one: symbol, start and length of the window."""
        return (self.symbol, self.window_start_ms, self.window_ms)


class OpenCandle:
    """A candle that is being built: trades are folded into it in place, which gives the same candle as merging a candle of each.

    Trades of equal eligibility are summed up together, because all of such a sum applies to a field of the eligible view, or none. So each trade is
    added to one sum, and the two views are put together when the candle is asked for.
    """

    __slots__ = ("_fully", "_others", "_window_key")

    def __init__(self, window_key: tuple[str, int, int]) -> None:
        """Begin without a trade."""
        self._window_key = window_key
        self._fully: TradeSum | None = None
        """Most trades are fully eligible. Theirs is a field, which costs less to find than an entry of a dict."""
        self._others: dict[Eligibility, TradeSum] = {}

    def add(self, trade: Trade, eligibility: Eligibility) -> None:
        """Fold one more trade in; the caller knows that the trade belongs to this window."""
        is_fully = eligibility is FULLY_ELIGIBLE
        known = self._fully if is_fully else self._others.get(eligibility)
        if known is not None:
            known.add(trade)
        elif is_fully:
            self._fully = TradeSum(trade)
        else:
            self._others[eligibility] = TradeSum(trade)

    def candle(self) -> Candle:
        """Return the candle of the trades so far. Raise TypeError if there is none yet."""
        symbol, start_ms, window_ms = self._window_key
        fully, others = self._fully, self._others
        whole = fully
        for total in others.values():
            whole = total.plus(whole)
        if whole is None:
            raise TypeError("a candle needs a trade")
        open_key, close_key = TradeKey(*whole.open), TradeKey(*whole.close)
        return Candle(
            symbol=symbol,
            window_start_ms=start_ms,
            window_ms=window_ms,
            open_key=open_key,
            close_key=close_key,
            high=whole.high,
            low=whole.low,
            volume=whole.volume,
            trade_count=whole.trades,
            update_count=whole.updates,
            notional=whole.notional,
            eligible=EligibleView.of_sums(fully, others) if others else EligibleView.of_sum(whole, open_key, close_key),
        )


def fold(
    trades: Iterable[Trade], window_ms: int, eligibility_of: EligibilityOf = WITHOUT_CALENDAR
) -> dict[tuple[str, int, int], Candle]:
    """Fold trades, in any order, into the candles of their windows, by key."""
    candles: dict[tuple[str, int, int], OpenCandle] = {}
    for trade in trades:
        key = (trade.symbol, window_start_ms(trade.timestamp_ms, window_ms), window_ms)
        known = candles.get(key)
        if known is None:
            known = candles[key] = OpenCandle(key)
        known.add(trade, eligibility_of(trade))
    return {key: candle.candle() for key, candle in candles.items()}
