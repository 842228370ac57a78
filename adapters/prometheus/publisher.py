"""Measure a publisher: the records published, and their outcome.

The outcome is known to the publisher alone, which belongs to one thread. So that thread asks it from time to time, and a scrape reads the latest
answer. In between, the number of pending records is overestimated, never underestimated.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from domain.candle_update import CandleUpdate
from domain.dead_letters import ReplayedTrade, ReplayMark
from domain.rejection import DeadLetter
from domain.session import SessionEvent
from domain.trade import Trade
from ports.publisher import Deliveries, Publishable, Publisher

_ASK_EVERY_S: Final = 0.02
_KINDS: Final[Mapping[type, str]] = {
    Trade: "trade",
    DeadLetter: "dead_letter",
    SessionEvent: "event",
    ReplayedTrade: "replayed_trade",
    ReplayMark: "replay_mark",
    CandleUpdate: "candle",
}


class MeasuredPublisher:
    """A `ports.publisher.Publisher` that measures another one; `buffer_records` is the size of its buffer, if known."""

    def __init__(
        self,
        publisher: Publisher,
        registry: CollectorRegistry,
        *,
        buffer_records: int | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._publisher = publisher
        self._buffer_records = buffer_records
        self._monotonic = monotonic
        self._ask_at = monotonic()
        self._published: dict[type, int] = dict.fromkeys(_KINDS, 0)
        self._deliveries = Deliveries(acknowledged=0, failed=0, pending=0, completed_prefix=0)
        registry.register(self)

    @property
    def pending(self) -> int:
        """How many records are in the buffer or in flight; any thread may ask."""
        known = self._deliveries
        return max(sum(self._published.values()) - known.acknowledged - known.failed, 0)

    @property
    def is_full(self) -> bool:
        """Whether the buffer is full, so that the feed is under backpressure; any thread may ask."""
        return self._buffer_records is not None and self.pending >= self._buffer_records

    def start(self) -> None:
        """Connect."""
        self._publisher.start()

    def publish(self, *items: Publishable) -> None:
        """Accept items for delivery; block while the buffer is full."""
        published = self._published
        # Counted first: an item that waits for room is pending.
        for item in items:
            published[type(item)] += 1
        try:
            self._publisher.publish(*items)
        except BaseException:
            for item in items:
                published[type(item)] -= 1
            raise
        now = self._monotonic()
        if now >= self._ask_at:
            self._ask_at = now + _ASK_EVERY_S
            self._deliveries = self._publisher.flush(0)

    def flush(self, timeout_s: float) -> Deliveries:
        """Wait until all is acknowledged or the time is up, and return the counts."""
        self._deliveries = self._publisher.flush(timeout_s)
        return self._deliveries

    def close(self) -> None:
        """Release everything."""
        self._publisher.close()
        self._deliveries = self._publisher.flush(0)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics for a scrape."""
        published = CounterMetricFamily(
            "tapeline_publisher_published", "Records passed to the publisher", labels=["item"]
        )
        for kind, count in self._published.items():
            published.add_metric([_KINDS[kind]], count)
        yield published
        yield CounterMetricFamily(
            "tapeline_publisher_acknowledged", "Records acknowledged by the broker", self._deliveries.acknowledged
        )
        yield CounterMetricFamily(
            "tapeline_publisher_failed", "Records whose delivery failed for good: lost records", self._deliveries.failed
        )
        yield GaugeMetricFamily(
            "tapeline_publisher_pending_records", "Records that are buffered or in flight", self.pending
        )
        if self._buffer_records is not None:
            yield GaugeMetricFamily(
                "tapeline_publisher_buffer_records", "Maximum number of pending records", self._buffer_records
            )
