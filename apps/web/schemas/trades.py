"""Trades in the read API."""

from pydantic import BaseModel, Field

from domain.decimals import plain
from domain.trade import Trade

from .fields import Exact, Millis, iso


class TradeOut(BaseModel):
    """One trade."""

    symbol: str
    timestamp: str
    timestamp_ms: Millis
    trade_id: str
    price: Exact
    volume: Exact
    conditions: list[str]
    received_at: str
    received_ms: Millis
    venue: str
    asset_class: str


class TradePage(BaseModel):
    """One page of trades, in the order of event time, then trade id."""

    trades: list[TradeOut]
    next_cursor: str | None = Field(description="Pass it as `cursor` to get the next page; null on the last page")


def trade_out(trade: Trade) -> TradeOut:
    """Return a trade as JSON model."""
    return TradeOut(
        symbol=trade.symbol,
        timestamp=iso(trade.timestamp_ms),
        timestamp_ms=trade.timestamp_ms,
        trade_id=trade.trade_id,
        price=plain(trade.price),
        volume=plain(trade.volume),
        conditions=list(trade.conditions),
        received_at=iso(trade.received_ms),
        received_ms=trade.received_ms,
        venue=trade.venue,
        asset_class=trade.asset_class,
    )
