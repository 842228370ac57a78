"""Venue and asset class, from the symbol alone: `BINANCE:BTCUSDT` is crypto on BINANCE, `AAPL` a stock in the US.

Finnhub writes `VENUE:INSTRUMENT` for crypto and forex, a bare ticker for US stocks and `TICKER.EXCHANGE` for others
(https://finnhub.io/docs/api/websocket-trades). Another market is another table of venues, given as an argument.
"""

import enum
from collections.abc import Mapping
from typing import Final

import attrs


class AssetClass(enum.StrEnum):
    """The kind of instrument."""

    STOCK = "stock"
    CRYPTO = "crypto"
    FOREX = "forex"
    UNKNOWN = "unknown"


@attrs.frozen(kw_only=True)
class Market:
    """The venue and the asset class of a symbol."""

    venue: str
    asset_class: str
    """One of `AssetClass`, or a name of the embedder's own: lower case letters and underscores, at most 16."""


_CRYPTO: Final = (
    "BINANCE", "BINANCEUS", "BITFINEX", "BITMEX", "BITTREX", "BYBIT", "COINBASE", "FTX", "GATEIO", "GEMINI", "HITBTC", "HUOBI",
    "KRAKEN", "KUCOIN", "OKEX", "POLONIEX", "ZB",
)  # fmt: skip
_FOREX: Final = (
    "FOREX.COM",
    "FXCM",
    "FXPIG",
    "FXPRO",
    "IC MARKETS",
    "ICM",
    "OANDA",
    "PEPPERSTONE",
    "PEPPERSTONEUK",
)

VENUES: Final[Mapping[str, str]] = {
    **dict.fromkeys(_CRYPTO, AssetClass.CRYPTO),
    **dict.fromkeys(_FOREX, AssetClass.FOREX),
}


def classify(symbol: str, venues: Mapping[str, str] = VENUES) -> Market:
    """Return the market of a symbol. The asset class of a venue that is not in the table is `unknown`; this is not an error."""
    prefix, colon, _ = symbol.partition(":")
    if colon:
        return Market(venue=prefix, asset_class=venues.get(prefix, AssetClass.UNKNOWN))
    _, dot, suffix = symbol.rpartition(".")
    # BRK.B is a share class, not an exchange: one-letter suffixes of exchanges are listed by name.
    foreign = dot and (len(suffix) > 1 or suffix in _ONE_LETTER_EXCHANGES)
    return Market(venue=suffix if foreign else "US", asset_class=AssetClass.STOCK)


_ONE_LETTER_EXCHANGES: Final = frozenset("LFTV")
