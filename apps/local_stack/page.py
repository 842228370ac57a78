"""What the live page of `tapeline stack` shows: the candles in Cassandra, the programs and servers as stages, and the alerts that fire."""

from collections.abc import Sequence

from apps.containers.long_running import StackContainer
from apps.observability.stage_watch import StageWatch
from apps.services.recording_summary import Recording
from apps.settings.stack import StackSettings
from apps.web.page_source import Horizon, PageSource, no_alerts
from apps.web.source_factories import TITLES
from domain.window import window_start_ms

from .alerts import Alerts


def stack_source(
    settings: StackSettings,
    container: StackContainer,
    *,
    symbols: Sequence[str],
    recording: Recording | None,
    watch: StageWatch,
    alerts: Alerts | None,
) -> PageSource:
    """Return what the page reads; the caller has started the container's stores."""
    return PageSource(
        candles=container.stores.candle_store(),
        trades=container.stores.trade_store(),
        events=container.stores.event_store(),
        daily_candles=container.stores.daily_candle_store(),
        reports=container.stores.report_store(),
        symbols=lambda: symbols,
        title=f"{TITLES[settings.feed_kind]}, through Kafka, Spark and Cassandra",
        window_ms=settings.window_ms,
        lateness_ms=settings.allowed_lateness_ms,
        calendar_of=container.calendar_of(),
        horizon=Horizon() if recording is None else _span_of(recording, settings.window_ms),
        is_recording=recording is not None,
        stages=watch.stages,
        alerts=no_alerts if alerts is None else lambda: alerts.firing(watch.stages()),
        links={} if alerts is None else alerts.links,
        poll_s=settings.web.poll_s,
        max_watchers=settings.web.max_pages,
        stale_after_s=settings.web.stale_after_s,
    )


def _span_of(recording: Recording, window_ms: int) -> Horizon:
    return Horizon(from_ms=window_start_ms(recording.first_ms, window_ms), to_ms=recording.last_ms + window_ms)
