"""The page source of each program that serves the live page."""

from typing import Final

from apps.services.in_process_aggregator import InProcessAggregator
from apps.services.ingest import Ingest
from apps.settings.dashboard import DashboardSettings
from apps.settings.live import LiveSettings
from ports.candle_history import CandleHistory
from ports.daily_candle_store import DailyCandleStore
from ports.event_store import EventStore
from ports.report_store import ReportStore
from ports.trade_store import TradeStore

from .embedded_stages import embedded_stages
from .page_source import CalendarOf, Horizon, PageSource
from .symbol_tracking import SymbolTrackingCandleStore

TITLES: Final = {
    "finnhub": "Finnhub, live",
    "simulated": "simulated Finnhub: made-up prices",
    "replay": "a recording",
}


def live_source(
    settings: LiveSettings,
    *,
    candles: SymbolTrackingCandleStore,
    trades: TradeStore,
    events: EventStore,
    ingest: Ingest,
    aggregator: InProcessAggregator,
    calendar_of: CalendarOf,
) -> PageSource:
    """Return the source of `tapeline live`: the stores and stages of the pipeline in this process."""
    given = settings.symbols_to_receive
    return PageSource(
        candles=candles,
        trades=trades,
        events=events,
        symbols=lambda: (*given, *candles.symbols),
        title=TITLES[settings.feed_kind],
        window_ms=settings.window_ms,
        lateness_ms=settings.allowed_lateness_ms,
        horizon=Horizon.everything(),
        is_recording=settings.feed_kind == "replay",
        calendar_of=calendar_of,
        stages=embedded_stages(ingest, aggregator),
        poll_s=settings.web.poll_s,
        max_watchers=settings.web.max_pages,
        stale_after_s=settings.web.stale_after_s,
    )


def stored_source(
    settings: DashboardSettings,
    *,
    candles: CandleHistory,
    trades: TradeStore,
    events: EventStore,
    daily_candles: DailyCandleStore,
    reports: ReportStore,
    calendar_of: CalendarOf,
) -> PageSource:
    """Return the source of `tapeline dashboard`: the stores alone, whatever program writes to them."""
    return PageSource(
        candles=candles,
        trades=trades,
        events=events,
        daily_candles=daily_candles,
        reports=reports,
        symbols=lambda: settings.symbols,
        title=f"stored in {settings.cassandra.keyspace}",
        window_ms=settings.window_s * 1000,
        lateness_ms=settings.allowed_lateness_s * 1000,
        calendar_of=calendar_of,
        horizon=Horizon(lookback_ms=round(settings.lookback_s * 1000)),
        poll_s=settings.web.poll_s,
        max_watchers=settings.web.max_pages,
        stale_after_s=settings.web.stale_after_s,
    )
