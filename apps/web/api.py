"""The read API below /api: candles, gaps, trades, symbols, reports, health. Reads run in worker threads, and each read is bounded."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request

from apps.services.coverage import Coverage
from apps.services.period_candles import PeriodCandles
from apps.services.rollup_reader import RollupCandleStore
from domain.candle_state import candle_state
from domain.gaps import gaps as gaps_between
from domain.rollup import Period

from .paging import read_candles, read_trades
from .poller import Poller
from .queries import CandleQuery, SpanQuery, TradeQuery
from .schemas.candles import CandlePage, candle_out
from .schemas.errors import ErrorOut
from .schemas.gaps import GapList, gaps_out
from .schemas.health import HealthOut, health_out
from .schemas.reports import ReportList, reports_out
from .schemas.symbols import SymbolList, symbol_out
from .schemas.trades import TradePage, trade_out

ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {
        "model": ErrorOut,
        "description": "400: the request is not valid; 401: the token is missing or wrong; 413: the request has a body; 414: path and query are too"
        " long; 421: the host name is not one of this server's",
    },
    503: {"model": ErrorOut, "description": "The store is not readable, or too many requests or pages are open"},
    504: {"model": ErrorOut, "description": "The request took too long"},
}

router = APIRouter(prefix="/api", responses=ERRORS)


def poller_of(request: Request) -> Poller:
    """Return the poller of the app."""
    poller = request.app.state.poller
    assert isinstance(poller, Poller)  # noqa: S101 - create_app puts it there
    return poller


def current_health(poller: Poller) -> HealthOut:
    """Return the present health as JSON model."""
    return health_out(poller.health(), links=poller.source.links, symbols=len(poller.symbols), watchers=poller.watchers)


@router.get("/candles", summary="Candles whose windows start in a span, oldest first")
def candles(request: Request, query: Annotated[CandleQuery, Query()]) -> CandlePage:
    """Return one page of candles. Windows longer than a minute are rolled up from 1-minute candles."""
    poller = poller_of(request)
    length = query.length()
    if isinstance(length, Period):
        return _periods(poller, query, length)
    page = query.page_request("candles", poller.now_ms(), length)
    rows, following = read_candles(_candles_of(poller, query), page, query.limit)
    session = poller.source.calendar_of(page.symbol).session
    coverage = None
    if rows:
        end_ms = rows[-1].window_start_ms + page.window_ms
        coverage = _coverage(poller, page.symbol, rows[0].window_start_ms, end_ms)
    # Longer windows are made of the watched ones.
    is_watched = page.window_ms % poller.source.window_ms == 0
    newest_ms, lateness_ms = poller.latest.newest_event_ms, poller.source.lateness_ms
    return CandlePage(
        candles=[
            candle_out(
                row,
                candle_state(row, newest_event_ms=newest_ms, lateness_ms=lateness_ms) if is_watched else None,
                None if coverage is None else coverage.status_of(row),
                session=session(row.window_start_ms),
            )
            for row in rows
        ],
        next_cursor=None if following is None else following.cursor(),
    )


@router.get("/gaps", summary="Gaps of a symbol in a span, oldest first")
def gaps(request: Request, query: Annotated[SpanQuery, Query()]) -> GapList:
    """Return the gaps of a symbol, up to now."""
    poller = poller_of(request)
    span = query.request("gaps", poller.now_ms())
    coverage = _coverage(poller, span.symbol, span.start_ms, span.end_ms)
    if coverage is None or not coverage.is_known:
        return GapList(symbol=span.symbol, is_known=False, gaps=[])
    missing = gaps_between(coverage.seen, span.start_ms, min(span.end_ms, coverage.now_ms))
    return GapList(symbol=span.symbol, is_known=True, gaps=gaps_out(missing))


@router.get("/trades", summary="Trades in a span, in the order of event time, then trade id")
def trades(request: Request, query: Annotated[TradeQuery, Query()]) -> TradePage:
    """Return one page of trades."""
    poller = poller_of(request)
    page = query.page_request("trades", poller.now_ms())
    rows, following = read_trades(poller.source.trades, page, query.limit)
    return TradePage(
        trades=[trade_out(row) for row in rows], next_cursor=None if following is None else following.cursor()
    )


@router.get("/symbols", summary="The watched symbols, each with its newest candle")
async def symbols(request: Request) -> SymbolList:
    """Return the watched symbols."""
    poller = poller_of(request)
    return SymbolList(
        title=poller.source.title,
        window_ms=poller.source.window_ms,
        symbols=[symbol_out(symbol, poller.latest, poller.source.lateness_ms) for symbol in poller.symbols],
    )


@router.get("/reports", summary="The reports of the newest reported day, by symbol")
def reports(request: Request) -> ReportList:
    """Return the reports of the newest day of the last week that has any."""
    return reports_out(poller_of(request).reports.read())


@router.get("/health", summary="The health of the pipeline as seen from its store")
async def health(request: Request) -> HealthOut:
    """Return the health. The status is always 200: the health is in the body."""
    return current_health(poller_of(request))


def _periods(poller: Poller, query: CandleQuery, period: Period) -> CandlePage:
    """Return all days, weeks or months that begin in the span: there are too few of them for pages."""
    span = query.request("candles", poller.now_ms())
    reader = PeriodCandles(
        candles=_candles_of(poller, query),
        # Of the candles of days, no versions are kept.
        daily=poller.source.daily_candles if query.as_of is None else None,
        events=poller.source.events,
        calendar=poller.source.calendar_of(span.symbol),
        symbol=span.symbol,
        hours=query.hours,
        now_ms=poller.now_ms(),
    )
    found = reader.read(span.start_ms, span.end_ms, period)
    rows = [
        candle_out(
            row.candle.candle,
            None,
            row.status,
            date=row.candle.start.isoformat(),
            official_open=row.official_open,
            official_close=row.official_close,
        )
        for row in found
    ]
    return CandlePage(candles=rows, next_cursor=None)


def _candles_of(poller: Poller, query: CandleQuery) -> RollupCandleStore:
    return RollupCandleStore(poller.source.candles, as_of_ms=query.as_of_ms(poller.now_ms()))


def _coverage(poller: Poller, symbol: str, start_ms: int, end_ms: int) -> Coverage | None:
    events = poller.source.events
    return None if events is None else Coverage.read(events, symbol, start_ms, end_ms, now_ms=poller.now_ms())
