"""`tapeline producer`: carry a feed's trades to Kafka, validated, identified and enriched; what is rejected goes to the dead letters.

It runs until told to stop, then waits for what is not yet acknowledged and reports. The exit code is 1 when something was left unacknowledged.
"""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import structlog

from domain.errors import TapelineError
from ports.errors import BrokerError, EndOfFeed
from ports.publisher import Deliveries, Publisher

from .containers import ProducerContainer
from .observability.metrics_endpoint import monitored
from .runtime.commands import run
from .runtime.gc_tuning import tune_gc
from .runtime.logs import configure_logs
from .runtime.signals import StopRequest, stop_on_signals
from .services.ingest import Ingest
from .services.symbol_assignment import SymbolAssignment
from .settings.loader import app_command
from .settings.metrics_options import PRODUCER_PORT
from .settings.producer import ProducerSettings

READ_TIMEOUT_S = 0.2
POLL_S = 0.05
REPORT_EVERY_S = 10.0

log = structlog.get_logger("tapeline.producer")


def carry(ingest: Ingest, assignment: SymbolAssignment, stop: StopRequest, duration_s: float | None) -> None:
    """Carry messages over until asked to stop, the time is up, or the feed ends; logs how it goes now and then."""
    begun_s = reported_s = time.monotonic()
    trades = 0
    told = None
    while not stop.requested:
        now_s = time.monotonic()
        if duration_s is not None and now_s - begun_s >= duration_s:
            return
        if now_s - reported_s >= REPORT_EVERY_S:
            counts = ingest.counts
            log.info(
                "carried",
                trades=counts.trades,
                trades_per_s=round((counts.trades - trades) / (now_s - reported_s), 1),
                rejected=counts.rejected.total(),
                redelivered=counts.redelivered,
                latency_ms=counts.latency_ms,
            )
            trades, reported_s = counts.trades, now_s
        assignment.turn()
        try:
            ingest.step(READ_TIMEOUT_S)
        except EndOfFeed:
            return
        event = ingest.last_event
        if event is not None and event is not told:
            log.info("feed", kind=str(event.kind), detail=event.detail, symbols=len(event.symbols))
            told = event


def await_symbols(assignment: SymbolAssignment, publisher: Publisher, stop: StopRequest) -> bool:
    """Wait until it is known what to cover; False when asked to stop before."""
    while not assignment.turn():
        if stop.requested:
            return False
        # Its client tells that the program is alive.
        publisher.flush(0)
        time.sleep(POLL_S)
    return True


def report(ingest: Ingest, deliveries: Deliveries) -> None:
    """Log what became of everything. Raises TapelineError when something was not acknowledged."""
    counts = ingest.counts
    log.info(
        "stopped",
        frames=counts.frames,
        trades=counts.trades,
        rejected=dict(counts.rejected),
        redelivered=counts.redelivered,
        events=counts.told,
        acknowledged=deliveries.acknowledged,
        failed=deliveries.failed,
        unacknowledged=deliveries.pending,
    )
    lost = deliveries.failed + deliveries.pending
    if lost:
        raise TapelineError(f"{lost} records were not acknowledged by Kafka in time; they may be missing there")


def run_producer(settings: ProducerSettings, container: ProducerContainer | None = None) -> None:
    """Run to the end, with other parts where a container is given. Raises FeedError, BrokerError, or TapelineError when not everything arrived."""
    container = container or ProducerContainer(settings=settings)
    feed, publisher, ingest = container.feed(), container.publisher(), container.ingest()
    assignment = container.assignment()
    with ExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        # First, so that a start that takes long can be watched as well.
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
        stack.callback(publisher.close)
        publisher.start()
        stack.callback(assignment.close)
        assignment.start()
        stack.callback(feed.close)
        if not await_symbols(assignment, publisher, stop):
            return
        feed.start()
        # While Kafka is away and its buffer full, publishing waits and sees no request to stop. Closing the publisher ends that.
        stop.on_ask(lambda: _later(settings.flush_timeout_s, publisher.close))
        log.info("started", feed=settings.feed_kind, symbols_from=settings.symbols_from)
        try:
            carry(ingest, assignment, stop, settings.duration_s)
        except BrokerError:
            # After a request to stop the publisher was closed under our hands: the report tells what that cost.
            if not stop.requested:
                raise
        finally:
            # Also when the feed fails for good: what was taken is handed over all the same.
            feed.close()
            assignment.close()
            deliveries = ingest.finish(settings.flush_timeout_s)
        report(ingest, deliveries)


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
