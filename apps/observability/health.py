"""Liveness and readiness of a program: two questions, each answered by the reasons why not.

A program is alive while its loop runs. A loop that waits for an unavailable broker is alive: a restart would lose the records in its buffer.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from adapters.prometheus.aggregator import AggregatorMetrics
from adapters.prometheus.feed import MeasuredFeed
from adapters.prometheus.kafka_client import KafkaClientMetrics
from adapters.prometheus.publisher import MeasuredPublisher

STALLED_AFTER_S: Final = 30.0
LATEST_BATCH_S: Final = 60.0
"""Largest age of the latest micro-batch of a query. Spark looks for records at every trigger, and reports every 10 s that there were none."""
FEED_UNAVAILABLE: Final = "the feed is not connected"


@attrs.frozen(kw_only=True)
class Health:
    """The two questions. Any thread may ask them."""

    stalled: Callable[[], Sequence[str]]
    """Return why the program is not alive; empty if it is."""
    unready: Callable[[], Sequence[str]]
    """Return why the program does not do its work; empty if it does."""


def live_health(feed: MeasuredFeed) -> Health:
    """Return the health of a program that reads a feed."""
    return Health(
        stalled=lambda: stalled_reasons(feed.seconds_since_read),
        unready=lambda: [] if feed.connected else [FEED_UNAVAILABLE],
    )


def producer_health(feed: MeasuredFeed, publisher: MeasuredPublisher, client: KafkaClientMetrics) -> Health:
    """Return the health of a program that publishes a feed to Kafka."""

    def unready() -> list[str]:
        reasons = []
        if not feed.connected:
            reasons.append(FEED_UNAVAILABLE)
        if client.brokers_up == 0 or client.seconds_since_report > STALLED_AFTER_S:
            reasons.append("no broker answers")
        if publisher.is_full:
            reasons.append(f"backpressure: the buffer is full, {publisher.pending} records are not acknowledged")
        return reasons

    # While the publisher waits for room, the feed is not read, but the client still reports.
    return Health(
        stalled=lambda: stalled_reasons(min(feed.seconds_since_read, client.seconds_since_report)), unready=unready
    )


class Heartbeat:
    """The heartbeat of a loop. Before the first beat the loop counts as alive, because a start can take long."""

    def __init__(self) -> None:
        self._at: float | None = None

    def beat(self) -> None:
        """Record that the loop runs."""
        self._at = time.monotonic()

    @property
    def seconds(self) -> float:
        """The time since the last beat; 0 before the first."""
        return 0.0 if self._at is None else time.monotonic() - self._at


def aggregator_health(metrics: AggregatorMetrics, queries: Sequence[str], heartbeat: Heartbeat) -> Health:
    """Return the health of a program that runs streaming queries."""

    def unready() -> list[str]:
        reasons = []
        for query in queries:
            seconds = metrics.seconds_since_batch(query)
            if seconds is None:
                reasons.append(f"the query {query} does not run")
            elif seconds > LATEST_BATCH_S:
                reasons.append(f"the query {query} has finished no micro-batch for {seconds:.0f} s")
        return reasons

    return Health(stalled=lambda: stalled_reasons(heartbeat.seconds), unready=unready)


def stalled_reasons(seconds: float) -> list[str]:
    """Return the reason if a loop has not run for more than STALLED_AFTER_S; empty otherwise."""
    return [f"the loop has not run for {seconds:.0f} s"] if seconds > STALLED_AFTER_S else []
