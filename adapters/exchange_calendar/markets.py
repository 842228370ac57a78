"""The calendar of each market that Finnhub's feed covers."""

from collections.abc import Collection
from typing import Final

from domain.market import AssetClass, classify
from domain.trading_session import TradingSession
from ports.trading_calendar import TradingCalendar

from .continuous import AlwaysOpenCalendar, ForexCalendar
from .nyse import NyseCalendar

US: Final = "US"
"""The venue of a US stock, see `domain.market.classify`."""

NYSE: Final = NyseCalendar()
ALWAYS_OPEN: Final = AlwaysOpenCalendar()
FOREX: Final = ForexCalendar()


def calendar_of(asset_class: str, venue: str) -> TradingCalendar:
    """Return the calendar of a market. One whose hours are not known here, such as a foreign stock exchange, counts as always open."""
    if asset_class == AssetClass.FOREX:
        return FOREX
    return NYSE if asset_class == AssetClass.STOCK and venue == US else ALWAYS_OPEN


def calendar_of_symbol(symbol: str) -> TradingCalendar:
    """Return the calendar of a symbol's market."""
    market = classify(symbol)
    return calendar_of(market.asset_class, market.venue)


def is_any_open(symbols: Collection[str], moment_ms: int) -> bool:
    """Return whether the market of one of the symbols is in regular hours at a moment, in milliseconds since the epoch, UTC."""
    markets = {classify(symbol) for symbol in symbols}
    return any(
        calendar_of(market.asset_class, market.venue).session(moment_ms) is TradingSession.REGULAR for market in markets
    )
