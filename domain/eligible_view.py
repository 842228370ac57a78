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


# Without slots, as `domain.feed.Frame`.
@attrs.frozen(kw_only=True, slots=False)
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
    def of_sum(cls, total: TradeSum, open_key: TradeKey, close_key: TradeKey) -> Self:
        """Return the view of trades that are all fully eligible, by their sum and its two keys."""
        return cls(
            open_key=open_key,
            close_key=close_key,
            high=total.high,
            low=total.low,
            volume=total.volume,
            trade_count=total.trades,
            vwap_volume=total.volume,
            notional=total.notional,
        )

    @classmethod
    def of_sums(cls, fully: TradeSum | None, others: Mapping[Eligibility, TradeSum]) -> Self:
        """Return the view of trades that are summed up by their eligibility, those that are fully eligible apart."""
        keys = prices = volumes = vwaps = fully
        for (sets_open_close, sets_high_low, counts_in_volume, _), total in others.items():
            if sets_open_close:
                keys = total.plus(keys)
            if sets_high_low:
                prices = total.plus(prices)
            if counts_in_volume:
                volumes = total.plus(volumes)
                if sets_high_low:
                    vwaps = total.plus(vwaps)
        return cls(
            open_key=TradeKey(*keys.open) if keys else None,
            close_key=TradeKey(*keys.close) if keys else None,
            high=prices.high if prices else None,
            low=prices.low if prices else None,
            volume=volumes.volume if volumes else ZERO,
            trade_count=volumes.trades if volumes else 0,
            vwap_volume=vwaps.volume if vwaps else ZERO,
            notional=vwaps.notional if vwaps else ZERO,
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
