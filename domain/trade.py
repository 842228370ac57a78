"""A trade: one print on the tape, validated, identified and enriched.

A trade with volume 0 is a price update: quote feeds (all of forex) send these. It moves the price and is no trade of size.
"""

from decimal import Decimal
from typing import NamedTuple, cast

import attrs


class TradeKey(NamedTuple):
    """What orders the trades of one symbol: event time first, arrival order within the millisecond second.

    The price is last, so that the order stays total even for records that break the rule of unique ids.
    """

    timestamp_ms: int
    trade_id: str
    price: Decimal


@attrs.define(kw_only=True, eq=False)
class TradeDraft:
    """A trade that is being written, for code that makes very many: attrs takes twice as long to make a frozen object, setting each field by a call.

    Whoever writes it sees to the types. It is good for one thing, `freeze`.
    """

    symbol: str
    price: Decimal
    volume: Decimal
    timestamp_ms: int
    """Event time, as the venue stamped it."""
    trade_id: str
    """Unique within (symbol, timestamp_ms) and sorted by arrival; see `domain.identity`."""
    conditions: tuple[str, ...] = ()
    received_ms: int
    """When this pipeline received it."""
    venue: str
    asset_class: str

    def freeze(self) -> "Trade":
        """Make it a trade, in place."""
        # It has the same fields, in the same slots.
        self.__class__ = Trade
        return cast("Trade", self)


@attrs.frozen(kw_only=True)
class Trade(TradeDraft):
    """One trade. `domain.intake` makes it from a feed's frame, `domain.record` from a topic's record.

    Prices and volumes are exact: `Decimal`, in the quote currency and in units of the base. Times are milliseconds since the epoch, UTC.
    """

    def __attrs_post_init__(self) -> None:
        if type(self.price) is not Decimal or type(self.volume) is not Decimal:
            raise TypeError("price and volume of a Trade are Decimal, such as Decimal('164.06')")

    @property
    def key(self) -> TradeKey:
        """The place of this trade in its symbol's order."""
        return TradeKey(self.timestamp_ms, self.trade_id, self.price)

    @property
    def is_price_update(self) -> bool:
        """Whether it only moves the price: volume 0."""
        return not self.volume

    @property
    def latency_ms(self) -> int:
        """Milliseconds from the venue's stamp to our receiving it; negative where clocks disagree."""
        return self.received_ms - self.timestamp_ms
