"""The read API under /api: candles, trades, symbols, health. Reads run in worker threads, and none of them is without bounds."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from adapters.system_clock import system_clock
from apps.output.time_args import parse_length_ms, parse_moment_ms
from apps.services.coverage import Coverage
from domain.candle_state import candle_state
from domain.gaps import gaps as gaps_between

from .models import (
    CandlePage,
    ErrorOut,
    GapList,
    HealthOut,
    SymbolList,
    TradePage,
    candle_out,
    gaps_out,
    health_out,
    symbol_out,
    trade_out,
)
from .paging import MOST_ROWS, Ask, BadRequestError, read_candles, read_trades
from .poller import Poller

ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorOut, "description": "The request cannot be answered as it is"},
    503: {"model": ErrorOut, "description": "The store cannot be read"},
}
MOMENT = (
    "a date or time, UTC unless it says otherwise; milliseconds since the epoch; `now`; or so long ago (30m, 1h, 7d)"
)

router = APIRouter(prefix="/api", responses=ERRORS)


class GapQuery(BaseModel):
    """A symbol and a span. A name that is not known is an error, not ignored."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    symbol: str = Field(min_length=1, max_length=100, examples=["BINANCE:BTCUSDT"])
    start: str = Field("1h", alias="from", max_length=64, description=f"Begin of the span: {MOMENT}")
    end: str = Field("now", alias="to", max_length=64, description="End of the span, itself left out; as `from`")


class SpanQuery(GapQuery):
    """What every page of rows is asked by."""

    limit: int = Field(500, ge=1, le=MOST_ROWS, description="At most so many rows, the oldest")
    cursor: str | None = Field(
        None,
        max_length=1000,
        description="`next_cursor` of the page before; it holds the span, so `from` and `to` are not read",
    )


class CandleQuery(SpanQuery):
    """How candles are asked for."""

    window: str = Field("1m", max_length=20, description="Length of the candles, such as 1m; not read with a cursor")


def health_of(poller: Poller) -> HealthOut:
    """Write the health that a poller tells."""
    return health_out(poller.health(), links=poller.source.links, symbols=len(poller.symbols), watchers=poller.watchers)


def poller_of(request: Request) -> Poller:
    """Give the app's poller."""
    poller = request.app.state.poller
    assert isinstance(poller, Poller)  # noqa: S101 - create_app puts it there
    return poller


@router.get("/candles", summary="Candles whose windows start in a span, oldest first")
def candles(request: Request, query: Annotated[CandleQuery, Query()]) -> CandlePage:
    """Give a page of candles."""
    poller = poller_of(request)
    ask = _ask("candles", query, _length_ms(query.window))
    rows, following = read_candles(poller.source.candles, ask, query.limit)
    is_watched = ask.window_ms == poller.source.window_ms
    newest_ms, lateness_ms = poller.board.newest_event_ms, poller.source.lateness_ms
    coverage = (
        _coverage(poller, ask.symbol, rows[0].window_start_ms, rows[-1].window_start_ms + ask.window_ms)
        if rows
        else None
    )
    return CandlePage(
        candles=[
            candle_out(
                row,
                candle_state(row, newest_event_ms=newest_ms, lateness_ms=lateness_ms) if is_watched else None,
                None if coverage is None else coverage.status_of(row),
            )
            for row in rows
        ],
        next_cursor=None if following is None else following.cursor(),
    )


@router.get("/gaps", summary="What was not seen of a symbol in a span, oldest first")
def gaps(request: Request, query: Annotated[GapQuery, Query()]) -> GapList:
    """Give the gaps, up to now."""
    poller, now_ms = poller_of(request), system_clock()
    ask = Ask(
        kind="gaps",
        symbol=query.symbol,
        start_ms=_moment_ms("from", query.start, now_ms),
        end_ms=_moment_ms("to", query.end, now_ms),
        window_ms=0,
    )
    coverage = _coverage(poller, ask.symbol, ask.start_ms, ask.end_ms)
    if coverage is None or not coverage.is_known:
        return GapList(symbol=ask.symbol, is_known=False, gaps=[])
    missing = gaps_between(coverage.seen, ask.start_ms, min(ask.end_ms, coverage.now_ms))
    return GapList(symbol=ask.symbol, is_known=True, gaps=gaps_out(missing))


@router.get("/trades", summary="Trades in a span, by event time, then trade id")
def trades(request: Request, query: Annotated[SpanQuery, Query()]) -> TradePage:
    """Give a page of trades."""
    rows, following = read_trades(poller_of(request).source.trades, _ask("trades", query, 0), query.limit)
    return TradePage(
        trades=[trade_out(row) for row in rows], next_cursor=None if following is None else following.cursor()
    )


@router.get("/symbols", summary="The watched symbols, each with its newest candle")
async def symbols(request: Request) -> SymbolList:
    """Give what is watched."""
    poller = poller_of(request)
    return SymbolList(
        title=poller.source.title,
        window_ms=poller.source.window_ms,
        symbols=[symbol_out(symbol, poller.board, poller.source.lateness_ms) for symbol in poller.symbols],
    )


@router.get("/health", summary="How the pipeline is, as far as its store tells")
async def health(request: Request) -> HealthOut:
    """Give how things stand: always 200, since the answer is in the body."""
    poller = poller_of(request)
    return health_of(poller)


def _coverage(poller: Poller, symbol: str, start_ms: int, end_ms: int) -> Coverage | None:
    events = poller.source.events
    return None if events is None else Coverage.read(events, symbol, start_ms, end_ms, now_ms=system_clock())


def _ask(kind: str, query: SpanQuery, window_ms: int) -> Ask:
    if query.cursor is not None:
        ask = Ask.of_cursor(query.cursor, kind=kind)
        if ask.symbol != query.symbol:
            raise BadRequestError(f"cursor: one of {ask.symbol}, not of {query.symbol}")
        return ask
    now_ms = system_clock()
    return Ask(
        kind=kind,
        symbol=query.symbol,
        start_ms=_moment_ms("from", query.start, now_ms),
        end_ms=_moment_ms("to", query.end, now_ms),
        window_ms=window_ms,
    )


def _moment_ms(name: str, text: str, now_ms: int) -> int:
    text = text.strip()
    # Eight digits are the date 20191011; a moment of this century has more.
    if text.isascii() and text.isdecimal() and 9 <= len(text) <= 15:
        return int(text)
    try:
        return parse_moment_ms(text, now_ms=now_ms)
    except (ValueError, OverflowError) as error:
        raise BadRequestError(f"{name}: {error}") from error


def _length_ms(text: str) -> int:
    try:
        return parse_length_ms(text)
    except ValueError as error:
        raise BadRequestError(f"window: {error}") from error
