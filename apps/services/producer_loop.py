"""The producer's loop: follow the symbols, carry messages, report progress, and account for everything at the end."""

import time
from collections.abc import Callable
from typing import Final

import structlog

from domain.errors import TapelineError
from domain.feed import FeedEvent
from ports.errors import EndOfFeed
from ports.publisher import Deliveries, Publisher

from .ingest import Ingest
from .symbol_assignment import SymbolAssignment

READ_TIMEOUT_S: Final = 0.2
POLL_S: Final = 0.05
REPORT_EVERY_S: Final = 10.0

log = structlog.get_logger("tapeline.producer")


class ProgressLog:
    """Logs throughput at intervals, and each new event of the feed's connection."""

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest
        self._reported_s = time.monotonic()
        self._reported_trades = 0
        self._reported_event: FeedEvent | None = None

    def report(self) -> None:
        """Log what is new since the last call."""
        now_s = time.monotonic()
        if now_s - self._reported_s >= REPORT_EVERY_S:
            self._report_counts(now_s)
        event = self._ingest.last_event
        if event is not None and event is not self._reported_event:
            log.info("feed", kind=str(event.kind), detail=event.detail, symbols=len(event.symbols))
            self._reported_event = event

    def _report_counts(self, now_s: float) -> None:
        counts = self._ingest.counts
        log.info(
            "carried",
            trades=counts.trades,
            trades_per_s=round((counts.trades - self._reported_trades) / (now_s - self._reported_s), 1),
            rejected=counts.rejected.total(),
            redelivered=counts.redelivered,
            latency_ms=counts.latency_ms,
        )
        self._reported_trades, self._reported_s = counts.trades, now_s


def carry(
    ingest: Ingest, assignment: SymbolAssignment, should_stop: Callable[[], bool], duration_s: float | None
) -> None:
    """Carry messages until a stop is requested, the time is up, or the feed ends. Raise what the ports raise."""
    progress = ProgressLog(ingest)
    begun_s = time.monotonic()
    while not should_stop() and (duration_s is None or time.monotonic() - begun_s < duration_s):
        assignment.turn()
        try:
            ingest.step(READ_TIMEOUT_S)
        except EndOfFeed:
            return
        progress.report()


def await_symbols(assignment: SymbolAssignment, publisher: Publisher, should_stop: Callable[[], bool]) -> bool:
    """Wait until the symbols are known. Return False if a stop was requested first."""
    while not assignment.turn():
        if should_stop():
            return False
        # The publisher's client reports that the program is alive.
        publisher.flush(0)
        time.sleep(POLL_S)
    return True


def report_deliveries(ingest: Ingest, deliveries: Deliveries) -> None:
    """Log the final counts. Raise TapelineError if the broker did not acknowledge every record."""
    counts = ingest.counts
    log.info(
        "stopped",
        frames=counts.frames,
        trades=counts.trades,
        rejected=dict(counts.rejected),
        redelivered=counts.redelivered,
        events=counts.published_events,
        acknowledged=deliveries.acknowledged,
        failed=deliveries.failed,
        unacknowledged=deliveries.pending,
    )
    lost = deliveries.failed + deliveries.pending
    if lost:
        raise TapelineError(f"{lost} records were not acknowledged by Kafka in time; they may be missing there")
