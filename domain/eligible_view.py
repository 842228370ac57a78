"""The eligible view of a candle: what its trades set by their eligibility.

Prices are None where no trade of the window may set them; volume and count are there regardless. Views merge in any order and any grouping.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Self, TypeVar

import attrs

from .decimals import ZERO, add, multiply, ratio
from .eligibility import Eligibility
from .trade import Trade, TradeKey
from .trade_sum import TradeSum

T = TypeVar("T", TradeKey, Decimal)


@attrs.frozen(kw_only=True)
class EligibleView:
    """Prices in the quote currency, volume in units of the base."""

    open_key: TradeKey | None = None
    close_key: TradeKey | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    volume: Decimal = ZERO
    """Of all trades that count in the volume, those that set no price included."""
    trade_count: int = 0
    """The trades of size that `volume` sums up."""
    vwap_volume: Decimal = ZERO
    """Of the trades that set high and low and count in the volume."""
    notional: Decimal = ZERO
    """Sum of price x volume of the same trades, exact."""

    @property
    def open(self) -> Decimal | None:
        """The price of the first trade by event time that may set it."""
        return self.open_key and self.open_key.price

    @property
    def close(self) -> Decimal | None:
        """The price of the last trade by event time that may set it."""
        return self.close_key and self.close_key.price

    @property
    def vwap(self) -> Decimal | None:
        """Volume-weighted average price, rounded half up to 8 decimals; between low and high, None where no such trade has a size."""
        return ratio(self.notional, self.vwap_volume) if self.vwap_volume else None

    @classmethod
    def of(cls, trade: Trade, eligibility: Eligibility) -> Self:
        """Return the view of a single trade."""
        key = trade.key if eligibility.sets_open_close else None
        price = trade.price if eligibility.sets_high_low else None
        counts = eligibility.counts_in_volume
        in_vwap = eligibility.counts_in_vwap
        return cls(
            open_key=key,
            close_key=key,
            high=price,
            low=price,
            volume=trade.volume if counts else ZERO,
            trade_count=1 if counts and trade.volume else 0,
            vwap_volume=trade.volume if in_vwap else ZERO,
            notional=multiply(trade.price, trade.volume) if in_vwap else ZERO,
        )

    @classmethod
    def of_sums(cls, sums: Mapping[Eligibility, TradeSum]) -> Self:
        """Return the view of trades that are summed up by their eligibility."""
        first: tuple[int, str, Decimal] | None = None
        last: tuple[int, str, Decimal] | None = None
        high: Decimal | None = None
        low: Decimal | None = None
        volume = vwap_volume = notional = ZERO
        trades = 0
        # Compared and added in line: every candle that is written passes here, and most have one or two sums.
        for (sets_open_close, sets_high_low, counts_in_volume, _), total in sums.items():
            if sets_open_close:
                first = total.open if first is None or total.open < first else first
                last = total.close if last is None or total.close > last else last
            if sets_high_low:
                high = total.high if high is None or total.high > high else high
                low = total.low if low is None or total.low < low else low
            if counts_in_volume:
                volume = add(volume, total.volume)
                trades += total.trades
                if sets_high_low:
                    vwap_volume = add(vwap_volume, total.volume)
                    notional = add(notional, total.notional)
        return cls(
            open_key=first and TradeKey._make(first),
            close_key=last and TradeKey._make(last),
            high=high,
            low=low,
            volume=volume,
            trade_count=trades,
            vwap_volume=vwap_volume,
            notional=notional,
        )

    def merge(self, other: "EligibleView") -> "EligibleView":
        """Return the view of the trades of both."""
        return EligibleView(
            open_key=_least(self.open_key, other.open_key),
            close_key=_greatest(self.close_key, other.close_key),
            high=_greatest(self.high, other.high),
            low=_least(self.low, other.low),
            volume=add(self.volume, other.volume),
            trade_count=self.trade_count + other.trade_count,
            vwap_volume=add(self.vwap_volume, other.vwap_volume),
            notional=add(self.notional, other.notional),
        )


def _least(a: T | None, b: T | None) -> T | None:
    if a is None or b is None:
        return b if a is None else a
    return min(a, b)


def _greatest(a: T | None, b: T | None) -> T | None:
    if a is None or b is None:
        return b if a is None else a
    return max(a, b)
