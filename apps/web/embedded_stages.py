"""The stages of the pipeline that runs inside the serving program."""

from collections.abc import Callable, Sequence
from typing import Final

from apps.observability.pipeline_stages import Stage, StageState
from apps.services.in_process_aggregator import InProcessAggregator
from apps.services.ingest import Ingest
from domain.feed import FeedEventKind
from domain.rejection import is_suspect

_CONNECTION_LOST: Final = frozenset({FeedEventKind.DISCONNECTED, FeedEventKind.SILENT, FeedEventKind.RATE_LIMITED})


def embedded_stages(ingest: Ingest, aggregator: InProcessAggregator) -> Callable[[], Sequence[Stage]]:
    """Return a function that returns the stages of the embedded pipeline, from its counts."""
    return lambda: (_feed(ingest), _intake(ingest), _windows(aggregator))


def _feed(ingest: Ingest) -> Stage:
    event = ingest.last_event
    if event is not None and event.kind in _CONNECTION_LOST:
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
