"""Watched symbols in the read API and the stream."""

from pydantic import BaseModel

from apps.web.latest_candles import LatestCandles
from domain.candle_state import candle_state
from domain.market import classify

from .candles import CandleOut, candle_out


class SymbolOut(BaseModel):
    """A watched symbol and its newest candle."""

    symbol: str
    venue: str
    asset_class: str
    candle: CandleOut | None


class SymbolList(BaseModel):
    """All watched symbols."""

    title: str
    window_ms: int
    symbols: list[SymbolOut]


def symbol_out(symbol: str, latest: LatestCandles, lateness_ms: int) -> SymbolOut:
    """Return a symbol and its newest candle as JSON model."""
    market, newest = classify(symbol), latest.newest(symbol)
    return SymbolOut(
        symbol=symbol,
        venue=market.venue,
        asset_class=market.asset_class,
        candle=None
        if newest is None
        else candle_out(newest, candle_state(newest, newest_event_ms=latest.newest_event_ms, lateness_ms=lateness_ms)),
    )
