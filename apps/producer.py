"""`tapeline producer`: carry a feed's trades to Kafka, validated, identified and enriched. Rejected trades become dead letters.

It runs until it is stopped, then waits for outstanding acknowledgements and reports. The exit code is 1 if a record was left unacknowledged.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack

from ports.errors import BrokerError

from .containers.long_running import ProducerContainer
from .observability.certificate_watch import CertificateWatch
from .observability.metrics_endpoint import monitored
from .observability.tls_connections import kafka_tls
from .runtime.commands import run
from .runtime.gc_tuning import tune_gc
from .runtime.logs import configure_logs
from .runtime.signals import stop_on_signals
from .runtime.systemd import systemd_watchdog
from .services.producer_loop import await_symbols, carry, log, report_deliveries
from .settings.loader import app_command
from .settings.metrics_options import PRODUCER_PORT
from .settings.producer import ProducerSettings


def run_producer(settings: ProducerSettings, container: ProducerContainer | None = None) -> None:
    """Run to the end, with other parts if a container is passed. Raise FeedError, BrokerError, or TapelineError if a record was not acknowledged."""
    container = container or ProducerContainer(settings=settings)
    feed, publisher, ingest = container.feed(), container.publisher(), container.ingest()
    assignment = container.assignment()
    with ExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        # The endpoint comes first, so that a slow start can be watched as well.
        stack.enter_context(
            monitored(
                container.registry(),
                container.health(),
                host=settings.metrics_host,
                port=settings.metrics_port,
                usual_port=PRODUCER_PORT,
                security=settings.metrics.security(),
            )
        )
        stack.enter_context(systemd_watchdog(container.health().stalled))
        stack.enter_context(CertificateWatch(container.registry(), [kafka_tls(settings.kafka)]))
        stack.callback(publisher.close)
        publisher.start()
        stack.callback(assignment.close)
        assignment.start()
        stack.callback(feed.close)
        if not await_symbols(assignment, publisher, lambda: stop.requested):
            return
        feed.start()
        # While Kafka is unavailable and the buffer is full, `publish` blocks and sees no stop request. Closing the publisher ends that.
        stop.on_ask(lambda: _later(settings.flush_timeout_s, publisher.close))
        log.info("started", feed=settings.feed_kind, symbols_from=settings.symbols_from)
        try:
            carry(ingest, assignment, lambda: stop.requested, settings.duration_s)
        except BrokerError:
            # The timer above closed the publisher during a call: the report counts what that cost.
            if not stop.requested:
                raise
        finally:
            # If the feed fails for good, what was accepted is still delivered.
            feed.close()
            assignment.close()
            deliveries = ingest.finish(settings.flush_timeout_s)
        report_deliveries(ingest, deliveries)


def _later(wait_s: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(wait_s, call)
    timer.daemon = True
    timer.start()


@app_command(ProducerSettings, "producer")
def producer(settings: ProducerSettings) -> None:
    """Carry a feed's trades to Kafka; set TAPELINE_FINNHUB_TOKEN, or use --feed simulated or --replay FILE."""
    configure_logs()
    tune_gc()
    run_producer(settings)


if __name__ == "__main__":
    run(producer, "tapeline producer")
