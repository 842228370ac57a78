"""Whether a program is alive, and whether it does its work: two questions, each answered by the reasons why not.

Alive means that its loop turns. A loop that waits because a broker is away is alive: whoever restarted the program for it would lose what it holds.
"""

from collections.abc import Callable, Sequence
from typing import Final

import attrs

from adapters.prometheus.feed import MeasuredFeed
from adapters.prometheus.kafka_client import KafkaClientMetrics
from adapters.prometheus.publisher import MeasuredPublisher

STALLED_AFTER_S: Final = 30.0


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
        unready=lambda: [] if feed.connected else ["the feed is not connected"],
    )


def producer_health(feed: MeasuredFeed, publisher: MeasuredPublisher, client: KafkaClientMetrics) -> Health:
    """Give the health of a program that carries a feed to Kafka."""

    def unready() -> list[str]:
        reasons = []
        if not feed.connected:
            reasons.append("the feed is not connected")
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


def stalled_words(seconds: float) -> list[str]:
    """Say that a loop has stood still for so long, if that is too long."""
    return [f"the loop has not turned for {seconds:.0f} s"] if seconds > STALLED_AFTER_S else []
