"""The JSON of the read API, as pydantic models: OpenAPI is made from them.

Prices, volumes and what is computed from them are strings of plain digits: exact, where a browser's number would round the 17th digit. Counts and
milliseconds are numbers. A moment is told twice: as ISO 8601, UTC, and in milliseconds since the epoch.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field

from domain.candle import Candle
from domain.candle_state import candle_state
from domain.decimals import plain
from domain.gaps import CandleStatus, Spans
from domain.market import classify
from domain.trade import Trade
from domain.window import to_datetime

from .board import Board
from .documents import page_address
from .pulse import Health
from .source import StageState

Exact = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$", examples=["0.00141342"])]
Millis = Annotated[int, Field(description="Milliseconds since the epoch, UTC", examples=[1570752000000])]


class CandleOut(BaseModel):
    """One window of one symbol."""

    symbol: str
    window_start: str
    window_start_ms: Millis
    window_ms: int
    open: Exact
    high: Exact
    low: Exact
    close: Exact
    volume: Exact
    trade_count: int
    update_count: int
    notional: Exact
    vwap: Exact | None
    close_ms: Millis
    """Event time of the last trade."""
    status: str | None = Field(
        description="forming: its window lasts; settling: late trades may still change it; final: it stays, unless a reconciliation"
        " corrects it; null for a length of window that is not watched"
    )
    coverage: CandleStatus | None = Field(
        default=None,
        description="complete: nothing was missed; partial: a gap overlaps the window; null where nothing is on record about that, as of a replay",
    )


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


class CandlePage(BaseModel):
    """Candles, oldest first, and where to go on."""

    candles: list[CandleOut]
    next_cursor: str | None = Field(description="Ask again with `cursor` for what comes after; null at the end")


class GapOut(BaseModel):
    """A span in which nobody received the symbol, or its trades may be lost."""

    start: str
    start_ms: Millis
    end: str
    end_ms: Millis


class GapList(BaseModel):
    """What was not seen of a symbol in a span, up to now."""

    symbol: str
    is_known: bool = Field(
        description="Whether anything is on record of the symbol in the span: of a replay there is not"
    )
    gaps: list[GapOut]


class TradePage(BaseModel):
    """Trades, by event time, then trade id, and where to go on."""

    trades: list[TradeOut]
    next_cursor: str | None = Field(description="Ask again with `cursor` for what comes after; null at the end")


class SymbolOut(BaseModel):
    """A watched symbol and its newest candle."""

    symbol: str
    venue: str
    asset_class: str
    candle: CandleOut | None


class SymbolList(BaseModel):
    """What is watched."""

    title: str
    window_ms: int
    symbols: list[SymbolOut]


class StageOut(BaseModel):
    """A stage of the pipeline."""

    name: str
    state: StageState
    detail: str
    since_ms: Millis
    runbook: str | None = Field(description="Where to read what to do; null while there is nothing to do, or no page")


class AlertOut(BaseModel):
    """An alert that fires."""

    name: str
    severity: str = Field(examples=["warning", "critical"])
    summary: str
    description: str
    since_ms: Millis
    runbook: str | None = Field(description="Where to read what to do")


class LagOut(BaseModel):
    """Quantiles of the newest samples, in milliseconds."""

    p50_ms: float
    p95_ms: float


class HealthOut(BaseModel):
    """How things stand. Null where nothing is known yet, or where a figure means nothing, as freshness of a recording."""

    state: StageState
    stages: list[StageOut]
    alerts: list[AlertOut] = Field(
        description="What was told and is not over, the oldest first; empty where nobody watches"
    )
    links: dict[str, str] = Field(description="Pages of others that tell more, by name")
    now_ms: Millis
    newest_event_ms: Millis | None
    freshness_ms: int | None = Field(description="Now less the event time of the newest trade in a candle")
    trades_per_s: float = Field(description="Trades and price updates folded into watched candles, over 10 seconds")
    feed_lag: LagOut | None = Field(description="From the venue's stamp to received")
    page_lag: LagOut | None = Field(
        description="From received to seen in the store, of the newest trade at a poll; others may have waited a poll longer"
    )
    read_ms: float | None = Field(description="What the last read of the store took, all symbols")
    symbols: int
    watchers: int = Field(description="Open pages")


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(examples=["bad_request"])
    message: str


class ErrorOut(BaseModel):
    """The answer to what cannot be answered."""

    error: ErrorDetail


def gaps_out(gaps: Spans) -> list[GapOut]:
    """Write gaps."""
    return [
        GapOut(
            start=to_datetime(gap.start_ms).isoformat(timespec="milliseconds"),
            start_ms=gap.start_ms,
            end=to_datetime(gap.end_ms).isoformat(timespec="milliseconds"),
            end_ms=gap.end_ms,
        )
        for gap in gaps
    ]


def candle_out(candle: Candle, status: str | None = None, coverage: CandleStatus | None = None) -> CandleOut:
    """Write a candle."""
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
        vwap=None if candle.vwap is None else plain(candle.vwap),
        close_ms=candle.close_key.timestamp_ms,
        status=status,
        coverage=coverage,
    )


def trade_out(trade: Trade) -> TradeOut:
    """Write a trade."""
    return TradeOut(
        symbol=trade.symbol,
        timestamp=to_datetime(trade.timestamp_ms).isoformat(timespec="milliseconds"),
        timestamp_ms=trade.timestamp_ms,
        trade_id=trade.trade_id,
        price=plain(trade.price),
        volume=plain(trade.volume),
        conditions=list(trade.conditions),
        received_at=to_datetime(trade.received_ms).isoformat(timespec="milliseconds"),
        received_ms=trade.received_ms,
        venue=trade.venue,
        asset_class=trade.asset_class,
    )


def symbol_out(symbol: str, board: Board, lateness_ms: int) -> SymbolOut:
    """Write a symbol as the board knows it."""
    market, newest = classify(symbol), board.newest(symbol)
    status = (
        None if newest is None else candle_state(newest, newest_event_ms=board.newest_event_ms, lateness_ms=lateness_ms)
    )
    return SymbolOut(
        symbol=symbol,
        venue=market.venue,
        asset_class=market.asset_class,
        candle=None if newest is None else candle_out(newest, status),
    )


def health_out(health: Health, *, links: Mapping[str, str], symbols: int, watchers: int) -> HealthOut:
    """Write the health."""
    return HealthOut(
        state=health.state,
        stages=[
            StageOut(
                name=stage.name,
                state=stage.state,
                detail=stage.detail,
                since_ms=stage.since_ms,
                runbook=page_address(stage.runbook),
            )
            for stage in health.stages
        ],
        alerts=[
            AlertOut(
                name=alert.name,
                severity=alert.severity,
                summary=alert.summary,
                description=alert.description,
                since_ms=alert.since_ms,
                runbook=page_address(alert.runbook),
            )
            for alert in health.alerts
        ],
        links=dict(links),
        now_ms=health.now_ms,
        newest_event_ms=health.newest_event_ms,
        freshness_ms=health.freshness_ms,
        trades_per_s=health.trades_per_s,
        feed_lag=_lag(health.feed_lag_ms),
        page_lag=_lag(health.page_lag_ms),
        read_ms=health.read_ms,
        symbols=symbols,
        watchers=watchers,
    )


def _lag(lag_ms: tuple[float, float] | None) -> LagOut | None:
    return None if lag_ms is None else LagOut(p50_ms=lag_ms[0], p95_ms=lag_ms[1])
