"""Candles (OHLCV) as a mergeable value.

A candle keeps enough to merge with another of the same window: the keys of its open and close trade, and the notional for the vwap. Merging is
associative and commutative, so a fold over trades in any order and any grouping gives the same candle. Open and close are by event time, ties
broken by trade id, never by arrival. A price update (volume 0) moves the price, adds no volume, and counts as an update, not as a trade.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Self

import attrs

from .decimals import ZERO, add, multiply, multiply_add, ratio
from .trade import Trade, TradeKey
from .window import window_start_ms


@attrs.frozen(kw_only=True)
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
    def of(cls, trade: Trade, window_ms: int) -> Self:
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
        )

    def merge(self, other: "Candle") -> "Candle":
        """Join two candles of the same symbol and window. Raises ValueError on two that are not."""
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
        )

    def add(self, trade: Trade) -> "Candle":
        """Fold one more trade of the same window in. Raises ValueError on a trade of another."""
        return self.merge(Candle.of(trade, self.window_ms))

    @property
    def window_key(self) -> tuple[str, int, int]:
        """What makes two candles the same one: symbol, start and length of the window."""
        return (self.symbol, self.window_start_ms, self.window_ms)


class OpenCandle:
    """A candle in the making: trades are folded into it in place, which gives the same as merging a candle of each."""

    __slots__ = ("_close", "_high", "_low", "_notional", "_open", "_trades", "_updates", "_volume", "_window_key")

    def __init__(self, first: Trade, key: tuple[str, int, int]) -> None:
        """Begin with a trade, whose key the caller knows."""
        self._window_key = key
        self._open = self._close = (first.timestamp_ms, first.trade_id, first.price)
        self._high = self._low = first.price
        self._volume = self._notional = ZERO
        self._trades = self._updates = 0
        self.add(first)

    def add(self, trade: Trade) -> None:
        """Fold one more trade in; the caller knows that it belongs into this window."""
        price, volume = trade.price, trade.volume
        key = (trade.timestamp_ms, trade.trade_id, price)
        if key > self._close:
            self._close = key
        elif key < self._open:
            self._open = key
        if price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        if volume:
            self._volume = add(self._volume, volume)
            self._notional = multiply_add(price, volume, self._notional)
            self._trades += 1
        else:
            self._updates += 1

    def candle(self) -> Candle:
        """Give it as it is now."""
        symbol, start_ms, window_ms = self._window_key
        return Candle(
            symbol=symbol,
            window_start_ms=start_ms,
            window_ms=window_ms,
            open_key=TradeKey(*self._open),
            close_key=TradeKey(*self._close),
            high=self._high,
            low=self._low,
            volume=self._volume,
            trade_count=self._trades,
            update_count=self._updates,
            notional=self._notional,
        )


def fold(trades: Iterable[Trade], window_ms: int) -> dict[tuple[str, int, int], Candle]:
    """Fold trades, in any order, into the candles of their windows, by key."""
    candles: dict[tuple[str, int, int], OpenCandle] = {}
    for trade in trades:
        key = (trade.symbol, window_start_ms(trade.timestamp_ms, window_ms), window_ms)
        known = candles.get(key)
        if known is None:
            candles[key] = OpenCandle(trade, key)
        else:
            known.add(trade)
    return {key: candle.candle() for key, candle in candles.items()}
