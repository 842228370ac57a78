"""Whether a program is alive, and whether it does its work: two questions, each answered by the reasons why not.

Alive means that its loop turns. A loop that waits because a broker is away is alive: whoever restarted the program for it would lose what it holds.
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
"""So old may the latest micro-batch of a query be; Spark looks for records at every trigger, and says every 10 s that there were none."""
FEED_UNAVAILABLE: Final = "the feed is not connected"


@attrs.frozen(kw_only=True)
class Health:
    """The two questions; both may be asked by any thread."""

    stalled: Callable[[], Sequence[str]]
    """Why the program is not alive; nothing when it is."""
    unready: Callable[[], Sequence[str]]
    """Why it does not do its work; nothing when it does."""


def live_health(feed: MeasuredFeed) -> Health:
    """Give the health of a program that reads a feed."""
    return Health(
        stalled=lambda: stalled_words(feed.seconds_since_read),
        unready=lambda: [] if feed.connected else [FEED_UNAVAILABLE],
    )


def producer_health(feed: MeasuredFeed, publisher: MeasuredPublisher, client: KafkaClientMetrics) -> Health:
    """Give the health of a program that carries a feed to Kafka."""

    def unready() -> list[str]:
        reasons = []
        if not feed.connected:
            reasons.append(FEED_UNAVAILABLE)
        if client.brokers_up == 0 or client.seconds_since_report > STALLED_AFTER_S:
            reasons.append("no broker answers")
        if publisher.is_full:
            reasons.append(
                f"the buffer is full and the feed held back: {publisher.pending} records are not acknowledged"
            )
        return reasons

    # A publisher that waits for room reads no feed, and its client goes on telling.
    return Health(
        stalled=lambda: stalled_words(min(feed.seconds_since_read, client.seconds_since_report)), unready=unready
    )


class Pulse:
    """The beat of a loop. Until the first one nothing is amiss: a start may take long."""

    def __init__(self) -> None:
        self._at: float | None = None

    def beat(self) -> None:
        """Say that the loop turns."""
        self._at = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long ago the last beat was."""
        return 0.0 if self._at is None else time.monotonic() - self._at


def aggregator_health(metrics: AggregatorMetrics, queries: Sequence[str], pulse: Pulse) -> Health:
    """Give the health of a program that runs streaming queries."""

    def unready() -> list[str]:
        reasons = []
        for query in queries:
            seconds = metrics.seconds_since_batch(query)
            if seconds is None:
                reasons.append(f"the query {query} does not run")
            elif seconds > LATEST_BATCH_S:
                reasons.append(f"the query {query} has finished no micro-batch for {seconds:.0f} s")
        return reasons

    return Health(stalled=lambda: stalled_words(pulse.seconds), unready=unready)


def stalled_words(seconds: float) -> list[str]:
    """Say that a loop has stood still for so long, if that is too long."""
    return [f"the loop has not turned for {seconds:.0f} s"] if seconds > STALLED_AFTER_S else []
