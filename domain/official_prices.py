"""The official open and close of a day, from the sale conditions of its trades.

1. The official open is the price with condition 20, the official close that with 16. Without one, the print of an auction: 18 or 19 for the open, 35 or
   36 for the close. Without that, there is none.
2. Of several, the last one by event time holds: exchanges send official prices hours later, and send them again when they correct them.
3. Only stocks of a venue whose table of conditions is known have official prices (`domain.eligibility`).

What is not certain: the feed does not name the exchange of a print. Each exchange has its own official prices and auctions, so the price here need not be
that of the exchange which lists the stock. Trades after the day's last session are not seen.
"""

import enum
from collections.abc import Iterable
from functools import reduce
from typing import Final, Self

import attrs

from .eligibility import TABLES
from .market import AssetClass
from .trade import Trade, TradeKey

OFFICIAL_OPEN: Final = frozenset({"20"})
OFFICIAL_CLOSE: Final = frozenset({"16"})
OPENING_AUCTION: Final = frozenset({"18", "19"})
CLOSING_AUCTION: Final = frozenset({"35", "36"})
_ALL: Final = OFFICIAL_OPEN | OFFICIAL_CLOSE | OPENING_AUCTION | CLOSING_AUCTION


class PriceSource(enum.StrEnum):
    """Where an official price comes from."""

    OFFICIAL = "official"
    """A print that the exchange marked as its official price."""
    AUCTION = "auction"
    """A print of the opening or the closing auction, for want of an official price."""


@attrs.frozen(kw_only=True)
class OfficialPrice:
    """An official price and the print that it is from."""

    key: TradeKey
    source: PriceSource


@attrs.frozen(kw_only=True)
class OfficialPrices:
    """The last print of each kind. Merging is associative and commutative, so the order of the trades does not matter."""

    official_open: TradeKey | None = None
    official_close: TradeKey | None = None
    opening_auction: TradeKey | None = None
    closing_auction: TradeKey | None = None

    @classmethod
    def of(cls, trade: Trade) -> Self:
        """Return the official prices of a single trade; one print may be of several kinds."""
        if not is_official(trade):
            return cls()

        def key_if(codes: frozenset[str]) -> TradeKey | None:
            return None if codes.isdisjoint(trade.conditions) else trade.key

        return cls(
            official_open=key_if(OFFICIAL_OPEN),
            official_close=key_if(OFFICIAL_CLOSE),
            opening_auction=key_if(OPENING_AUCTION),
            closing_auction=key_if(CLOSING_AUCTION),
        )

    def merge(self, other: "OfficialPrices") -> "OfficialPrices":
        """Return the official prices of the trades of both."""
        return OfficialPrices(
            official_open=_last(self.official_open, other.official_open),
            official_close=_last(self.official_close, other.official_close),
            opening_auction=_last(self.opening_auction, other.opening_auction),
            closing_auction=_last(self.closing_auction, other.closing_auction),
        )

    @property
    def open(self) -> OfficialPrice | None:
        """The official open, None where there is none."""
        return _first_known(self.official_open, self.opening_auction)

    @property
    def close(self) -> OfficialPrice | None:
        """The official close, None where there is none."""
        return _first_known(self.official_close, self.closing_auction)


def is_official(trade: Trade) -> bool:
    """Return whether a trade can set an official price."""
    return not _ALL.isdisjoint(trade.conditions) and trade.asset_class == AssetClass.STOCK and trade.venue in TABLES


def official_prices(trades: Iterable[Trade]) -> OfficialPrices:
    """Return the official prices of trades, in any order."""
    return reduce(OfficialPrices.merge, map(OfficialPrices.of, trades), OfficialPrices())


def _last(a: TradeKey | None, b: TradeKey | None) -> TradeKey | None:
    if a is None or b is None:
        return b if a is None else a
    return max(a, b)


def _first_known(official: TradeKey | None, auction: TradeKey | None) -> OfficialPrice | None:
    if official is not None:
        return OfficialPrice(key=official, source=PriceSource.OFFICIAL)
    return None if auction is None else OfficialPrice(key=auction, source=PriceSource.AUCTION)
