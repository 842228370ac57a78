"""Candles in the read API and the stream."""

from decimal import Decimal

from pydantic import BaseModel, Field

from domain.candle import Candle
from domain.decimals import plain
from domain.gaps import CandleStatus
from domain.official_prices import OfficialPrice, PriceSource
from domain.trading_session import TradingSession
from domain.window import to_datetime

from .fields import Exact, Millis


class OfficialPriceOut(BaseModel):
    """The official open or close of a stock's day, by the sale conditions of its trades."""

    price: Exact
    source: PriceSource = Field(
        description="official: a print that an exchange marked so; auction: a print of the opening or closing auction"
    )
    timestamp_ms: Millis


class CandleOut(BaseModel):
    """The candle of one symbol and one window."""

    symbol: str
    window_start: str
    window_start_ms: Millis
    window_ms: int = Field(description="Length of the window, milliseconds")
    open: Exact
    high: Exact
    low: Exact
    close: Exact
    volume: Exact
    trade_count: int
    update_count: int = Field(description="Price updates without volume")
    notional: Exact = Field(description="Sum of price times volume, in the quote currency")
    vwap: Exact | None = Field(description="Volume-weighted average price; null without volume")
    eligible_open: Exact | None = Field(
        description="As the sale conditions of the trades allow; null without such a trade"
    )
    eligible_high: Exact | None
    eligible_low: Exact | None
    eligible_close: Exact | None
    eligible_volume: Exact
    eligible_count: int = Field(description="Trades that count in `eligible_volume`")
    eligible_vwap: Exact | None
    session: TradingSession | None = Field(
        default=None,
        description="Trading session of the start of the window, by the market's calendar; null for 1d, 1w and 1mo",
    )
    date: str | None = Field(
        default=None,
        description="First trading day of a candle of 1d, 1w or 1mo, at the market; null for other windows",
    )
    official_open: OfficialPriceOut | None = Field(
        default=None, description="Of a stock's day (1d) that is stored for good; null for every other candle"
    )
    official_close: OfficialPriceOut | None = None
    close_ms: Millis = Field(description="Event time of the last trade, milliseconds since the epoch")
    status: str | None = Field(
        description="forming: the window has not ended; settling: late trades can still change the candle; final: the candle does not change,"
        " except by a reconciliation; null for 1d, 1w and 1mo, and for windows that are not made of watched ones"
    )
    coverage: CandleStatus | None = Field(
        default=None,
        description="complete: no trade was missed; partial: a gap overlaps the window; null if nothing is known, as for a replay",
    )


class CandlePage(BaseModel):
    """One page of candles, oldest first."""

    candles: list[CandleOut]
    next_cursor: str | None = Field(description="Pass it as `cursor` to get the next page; null on the last page")


def candle_out(
    candle: Candle,
    status: str | None = None,
    coverage: CandleStatus | None = None,
    *,
    session: TradingSession | None = None,
    date: str | None = None,
    official_open: OfficialPrice | None = None,
    official_close: OfficialPrice | None = None,
) -> CandleOut:
    """Return a candle as JSON model."""
    eligible = candle.eligible
    return CandleOut(
        symbol=candle.symbol,
        window_start=to_datetime(candle.window_start_ms).isoformat(),
        window_start_ms=candle.window_start_ms,
        window_ms=candle.window_ms,
        open=plain(candle.open),
        high=plain(candle.high),
        low=plain(candle.low),
        close=plain(candle.close),
        volume=plain(candle.volume),
        trade_count=candle.trade_count,
        update_count=candle.update_count,
        notional=plain(candle.notional),
        vwap=_plain_if_any(candle.vwap),
        eligible_open=_plain_if_any(eligible.open),
        eligible_high=_plain_if_any(eligible.high),
        eligible_low=_plain_if_any(eligible.low),
        eligible_close=_plain_if_any(eligible.close),
        eligible_volume=plain(eligible.volume),
        eligible_count=eligible.trade_count,
        eligible_vwap=_plain_if_any(eligible.vwap),
        session=session,
        date=date,
        official_open=_official_out(official_open),
        official_close=_official_out(official_close),
        close_ms=candle.close_key.timestamp_ms,
        status=status,
        coverage=coverage,
    )


def _official_out(price: OfficialPrice | None) -> OfficialPriceOut | None:
    if price is None:
        return None
    return OfficialPriceOut(price=plain(price.key.price), source=price.source, timestamp_ms=price.key.timestamp_ms)


def _plain_if_any(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
