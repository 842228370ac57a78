"""The live page of `tapeline stack`: read from Cassandra, with its programs and servers as stages, and the alerts that fire."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.event_store import CassandraEventStore
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.trade_store import CassandraTradeStore
from apps.observability.stage_watch import StageWatch
from apps.services.recording_summary import Recording
from apps.settings.stack import StackSettings
from apps.web.page_source import Horizon, PageSource, no_alerts
from apps.web.server import PageServer, served_page
from apps.web.source_factories import TITLES
from domain.window import window_start_ms

from .alerts import Alerts
from .parts import Servers


@contextmanager
def stack_page(
    settings: StackSettings,
    servers: Servers,
    *,
    symbols: tuple[str, ...],
    recording: Recording | None,
    watch: StageWatch,
    alerts: Alerts | None,
) -> Iterator[str]:
    """Serve the page while the block runs: gives its address, or why there is none, or nothing where none is wanted. Raises StoreError."""
    if not settings.page:
        yield ""
        return
    session = CassandraSession(servers.cassandra)
    candles = CassandraCandleStore(servers.cassandra, session)
    trades = CassandraTradeStore(servers.cassandra, session)
    events = CassandraEventStore(servers.cassandra, session)
    with ExitStack() as stack:
        for store in (candles, trades, events):
            stack.callback(store.close)
            store.start()
        source = PageSource(
            candles=candles,
            trades=trades,
            events=events,
            symbols=lambda: symbols,
            title=f"{TITLES[settings.feed_kind]}, through Kafka, Spark and Cassandra",
            window_ms=settings.window_ms,
            lateness_ms=settings.allowed_lateness_ms,
            horizon=Horizon() if recording is None else _span_of(recording, settings.window_ms),
            is_recording=recording is not None,
            stages=watch.stages,
            alerts=no_alerts if alerts is None else lambda: alerts.firing(watch.stages()),
            links={} if alerts is None else alerts.links,
            poll_s=settings.web.poll_s,
            stale_after_s=settings.web.stale_after_s,
        )
        yield stack.enter_context(
            served_page(
                PageServer(
                    source, host=settings.web.host, port=settings.web.port, allowed_hosts=settings.web.allowed_hosts
                )
            )
        )


def _span_of(recording: Recording, window_ms: int) -> Horizon:
    return Horizon(from_ms=window_start_ms(recording.first_ms, window_ms), to_ms=recording.last_ms + window_ms)
