"""A trade: one print on the tape, validated, identified and enriched.

A trade with volume 0 is a price update: quote feeds (all of forex) send these. It moves the price and is no trade of size.
"""

from decimal import Decimal
from typing import Final, NamedTuple, cast

import attrs


class TradeKey(NamedTuple):
    """The order of the trades of one symbol: by event time, then by arrival within the millisecond.

    The price is last, so that the order stays total even for records that break the rule of unique ids.
    """

    timestamp_ms: int
    trade_id: str
    price: Decimal


@attrs.define(kw_only=True, eq=False)
class _Draft:
    """The fields of a trade while they can still be set; see `write_trade`."""

    symbol: str
    price: Decimal
    volume: Decimal
    timestamp_ms: int
    """Event time: the venue's timestamp."""
    trade_id: str
    """Unique within (symbol, timestamp_ms) and sorted by arrival; see `domain.identity`."""
    conditions: tuple[str, ...] = ()
    received_ms: int
    """When this pipeline received it."""
    venue: str
    asset_class: str


@attrs.frozen(kw_only=True)
class Trade(_Draft):
    """One trade. `domain.intake` makes it from a feed's frame, `domain.record` from a topic's record.

    Prices and volumes are exact: `Decimal`, in the quote currency and in units of the base. Times are milliseconds since the epoch, UTC.
    """

    def __attrs_post_init__(self) -> None:
        if type(self.price) is not Decimal or type(self.volume) is not Decimal:
            raise TypeError("price and volume of a Trade are Decimal, such as Decimal('164.06')")

    @property
    def key(self) -> TradeKey:
        """The position of this trade in the order of its symbol."""
        return TradeKey(self.timestamp_ms, self.trade_id, self.price)

    @property
    def is_price_update(self) -> bool:
        """Whether the trade only updates the price: its volume is 0."""
        return not self.volume

    @property
    def latency_ms(self) -> int:
        """Milliseconds from the venue's timestamp to the reception; negative where clocks disagree."""
        return self.received_ms - self.timestamp_ms


_new: Final = object.__new__


def write_trade(
    symbol: str,
    price: Decimal,
    volume: Decimal,
    timestamp_ms: int,
    trade_id: str,
    conditions: tuple[str, ...],
    received_ms: int,
    venue: str,
    asset_class: str,
) -> Trade:
    """Return a trade, without checks: for code that makes very many trades and has the types right.

    The trade equals one made by its class, at a quarter of the cost: attrs sets each field of a frozen object by a call, found by name.
    """
    draft = _new(_Draft)
    draft.symbol = symbol
    draft.price = price
    draft.volume = volume
    draft.timestamp_ms = timestamp_ms
    draft.trade_id = trade_id
    draft.conditions = conditions
    draft.received_ms = received_ms
    draft.venue = venue
    draft.asset_class = asset_class
    # It has the same fields, in the same slots.
    draft.__class__ = Trade
    return cast("Trade", draft)
