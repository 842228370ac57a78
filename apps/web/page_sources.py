"""What the live page shows, for each program that serves it: stores, symbols, and the stages that the program itself can see."""

from collections.abc import Callable, Sequence
from typing import Final

from apps.services.in_process_aggregator import InProcessAggregator
from apps.services.ingest import Ingest
from apps.settings.dashboard import DashboardSettings
from apps.settings.live import LiveSettings
from domain.feed import FeedEventKind
from domain.rejection import is_suspect
from ports.candle_store import CandleStore
from ports.event_store import EventStore
from ports.trade_store import TradeStore

from .source import Horizon, PageSource, Stage, StageState
from .symbol_tracking import SymbolTrackingCandleStore

TITLES: Final = {
    "finnhub": "Finnhub, live",
    "simulated": "simulated Finnhub: made-up prices",
    "replay": "a recording",
}
_LOST: Final = frozenset({FeedEventKind.DISCONNECTED, FeedEventKind.SILENT, FeedEventKind.RATE_LIMITED})


def live_source(
    settings: LiveSettings,
    *,
    candles: SymbolTrackingCandleStore,
    trades: TradeStore,
    events: EventStore,
    ingest: Ingest,
    aggregator: InProcessAggregator,
) -> PageSource:
    """Show the embedded pipeline, which is in this process."""
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
        stages=embedded_stages(ingest, aggregator),
        poll_s=settings.web.poll_s,
        stale_after_s=settings.web.stale_after_s,
    )


def stored_source(
    settings: DashboardSettings, *, candles: CandleStore, trades: TradeStore, events: EventStore
) -> PageSource:
    """Show what is stored, whoever stores it."""
    return PageSource(
        candles=candles,
        trades=trades,
        events=events,
        symbols=lambda: settings.symbols,
        title=f"stored in {settings.cassandra.keyspace}",
        window_ms=settings.window_s * 1000,
        lateness_ms=settings.allowed_lateness_s * 1000,
        horizon=Horizon(lookback_ms=round(settings.lookback_s * 1000)),
        poll_s=settings.web.poll_s,
        stale_after_s=settings.web.stale_after_s,
    )


def embedded_stages(ingest: Ingest, aggregator: InProcessAggregator) -> Callable[[], Sequence[Stage]]:
    """Tell the stages of the embedded pipeline, from its counts."""
    return lambda: (_feed(ingest), _intake(ingest), _windows(aggregator))


def _feed(ingest: Ingest) -> Stage:
    event = ingest.last_event
    if event is not None and event.kind in _LOST:
        return Stage(name="Feed", state=StageState.DOWN, detail=event.kind.replace("_", " "))
    if event is not None and event.kind is FeedEventKind.PROVIDER_ERROR:
        return Stage(name="Feed", state=StageState.WARNING, detail=event.detail or "the provider reports an error")
    if ingest.counts.frames:
        return Stage(name="Feed", state=StageState.OK, detail=f"{ingest.counts.frames:,} frames")
    return Stage(name="Feed", state=StageState.WARNING, detail="connecting" if event is None else event.kind)


def _intake(ingest: Ingest) -> Stage:
    trades, rejected = ingest.counts.trades, ingest.counts.rejected.total()
    state = StageState.WARNING if is_suspect(accepted=trades, rejected=rejected) else StageState.OK
    return Stage(name="Intake", state=state, detail=f"{trades:,} trades, {rejected:,} rejected")


def _windows(aggregator: InProcessAggregator) -> Stage:
    final, late = aggregator.counts.final_candles, aggregator.late_trades
    return Stage(name="Windows", state=StageState.OK, detail=f"{final:,} final, {late:,} late")
