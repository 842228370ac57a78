"""`tapeline aggregator`: carry Kafka's trades to Cassandra, raw and as candles, and the events of feeds, by Spark; what is rejected goes to the dead letters.

It runs until it is asked to stop, and then finishes its current micro-batches. With --once it ends when all that is on the topic now is
stored. When one of its queries fails, the others are stopped as well and the exit code is 1.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack

import structlog
from pyspark.sql.streaming.query import StreamingQuery

from adapters.prometheus.aggregator import AggregatorMetrics
from adapters.prometheus.registry import new_registry
from adapters.spark.checkpoint import claim_checkpoint
from adapters.spark.failure import explain
from adapters.spark.layout import QUERIES
from adapters.spark.preflight import check_tables, check_topics
from adapters.spark.progress import ProgressListener
from adapters.spark.queries import start_candles, start_events, start_trades
from adapters.spark.stopping import relay_signals, stop_queries, stop_session
from apps.observability.certificate_watch import CertificateWatch
from apps.observability.health import Heartbeat, aggregator_health
from apps.observability.metrics_endpoint import monitored
from apps.observability.tls_connections import cassandra_tls, kafka_tls
from apps.runtime.logs import configure_logs
from apps.runtime.signals import StopRequest, stop_on_signals
from apps.runtime.spark_session import connected_session
from apps.runtime.systemd import systemd_watchdog
from apps.runtime.version import program_version
from apps.settings.aggregator import AggregatorOptions
from apps.settings.loader import app_command
from apps.settings.metrics_options import AGGREGATOR_PORT
from domain.errors import TapelineError

POLL_S = 0.2
FINAL_SCRAPE_S = 20.0
"""How long a failed program waits for one more scrape, which reads its last counts; Prometheus scrapes every 15 s."""

log = structlog.get_logger("tapeline.aggregator")


def await_end(
    queries: Sequence[StreamingQuery], stop: StopRequest, heartbeat: Heartbeat, *, checkpoint: str, once: bool
) -> None:
    """Wait for a stop request or, with `once`, until all queries have ended. Raise TapelineError if one fails."""
    while not stop.requested:
        heartbeat.beat()
        ended = [query for query in queries if not query.isActive]
        for query in ended:
            failure = query.exception()
            if failure is not None:
                raise TapelineError(f"the query {query.name!r} failed: {explain(str(failure), checkpoint)}")
            if not once:
                raise TapelineError(f"the query {query.name!r} ended on its own")
        if len(ended) == len(queries):
            return
        time.sleep(POLL_S)


def run_aggregator(options: AggregatorOptions) -> None:
    """Run the queries to their end. Raise TapelineError, which says what to do."""
    settings = options.adapter()
    registry = new_registry(program_version())
    metrics, heartbeat = AggregatorMetrics(registry, QUERIES), Heartbeat()
    health = aggregator_health(metrics, QUERIES, heartbeat)
    with ExitStack() as stack:
        # First, so that a start that takes long can be watched as well.
        stack.enter_context(
            monitored(
                registry,
                health,
                host=options.metrics_host,
                port=options.metrics_port,
                usual_port=AGGREGATOR_PORT,
                final_scrape_s=FINAL_SCRAPE_S,
                security=options.metrics.security(),
            )
        )
        stack.enter_context(systemd_watchdog(health.stalled))
        connections = (kafka_tls(options.kafka), cassandra_tls(options.cassandra))
        stack.enter_context(CertificateWatch(registry, connections))
        session = connected_session(settings)
        # After the session, because PySpark takes SIGINT for itself when it starts.
        stack.callback(stop_session, session, settings.stop_timeout_s)
        stop = stack.enter_context(stop_on_signals())
        relay_signals(stop.ask)
        check_topics(session, settings, settings.topics)
        check_tables(session, settings)
        claim_checkpoint(session, settings)
        session.streams.addListener(ProgressListener(watcher=metrics))
        queries: list[StreamingQuery] = []
        try:
            queries.append(start_trades(session, settings, once=options.once, on_stored=metrics.stored))
            queries.append(start_candles(session, settings, once=options.once))
            queries.append(start_events(session, settings, once=options.once, on_rejected=metrics.rejected))
            await_end(queries, stop, heartbeat, checkpoint=settings.checkpoint, once=options.once)
        finally:
            stop_queries(queries, settings.stop_timeout_s)
        log.info("aggregator_stopped")


@app_command(AggregatorOptions, "aggregator")
def aggregator(settings: AggregatorOptions) -> None:
    """Carry Kafka's trades to Cassandra, raw and as candles, by Spark."""
    configure_logs()
    run_aggregator(settings)
