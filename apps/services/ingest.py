"""The first half of the pipeline: feed -> intake -> broker, one message a step, in the caller's thread.

Nothing is buffered here. When the broker's buffer is full, `publish` blocks and the feed is not read: that is backpressure, and nothing is dropped.

With a journal, the life of the feed's connection is published as well (see `domain.session`). Its events share the buffer with the trades: they wait
when trades wait, and add no wait of their own.
"""

import contextlib
import time
from collections import Counter
from collections.abc import Iterable
from typing import Final

import attrs

from domain.feed import FeedEvent, FeedEventKind, Frame
from domain.journal import DeliveryProgress, Journal
from domain.session import SessionEvent
from ports.clock import Clock
from ports.errors import BrokerError
from ports.feed import Feed
from ports.intake import FrameIntake
from ports.publisher import Deliveries, Publisher

BACKPRESSURE_MS: Final = 1_000
"""A shorter wait for room is normal for a fast feed, and makes no event."""
LAST_REPORTS_S: Final = 1.0
"""How long to wait for acknowledgements when the connection is lost: the event then covers more of what was received."""
_LOST: Final = frozenset({FeedEventKind.SILENT, FeedEventKind.DISCONNECTED})


@attrs.define(kw_only=True)
class IngestCounts:
    """Totals since the start."""

    frames: int = 0
    trades: int = 0
    price_updates: int = 0
    """Trades of volume 0; `trades` includes them."""
    redelivered: int = 0
    rejected: Counter[str] = attrs.field(factory=Counter)
    """Dead letters by reason."""
    events: Counter[FeedEventKind] = attrs.field(factory=Counter)
    published_events: int = 0
    """Records of session events."""
    latency_ms: int | None = None
    """Of the newest trade: from the venue's timestamp to the receipt."""


class Ingest:
    """Carries messages from a feed to a publisher and counts them."""

    def __init__(
        self,
        *,
        feed: Feed,
        intake: FrameIntake,
        publisher: Publisher,
        now_ms: Clock,
        journal: Journal | None = None,
    ) -> None:
        self._feed = feed
        self._intake = intake
        self._publisher = publisher
        self._journal = journal
        self._now_ms = now_ms
        self.counts = IngestCounts()
        self.last_event: FeedEvent | None = None
        """The newest event of the connection, except heartbeats and other messages."""

    def step(self, timeout_s: float) -> bool:
        """Carry the next message. Return False if none came in time. Raise EndOfFeed, FeedError and BrokerError from the ports."""
        begun_ms = self._now_ms()
        message = self._feed.read(timeout_s)
        now_ms = self._now_ms()
        if self._journal is not None:
            self._journal.read(begun_ms, message)
        if message is None:
            # Delivery reports arrive while the feed is idle, too.
            self._publisher.flush(0)
        elif isinstance(message, Frame):
            self._carry(message, now_ms)
        else:
            self.counts.events[message.kind] += 1
            if message.kind not in {FeedEventKind.HEARTBEAT, FeedEventKind.OTHER_MESSAGE}:
                self.last_event = message
            self._record(message)
        if self._journal is not None and self._journal.is_due(now_ms):
            self._publish_events(self._journal.mark(now_ms, _progress(self._publisher.flush(0))))
        return message is not None

    def finish(self, timeout_s: float) -> Deliveries:
        """Wait until everything is acknowledged or the time is up, publish the end of the session, and return the deliveries. Close the feed first."""
        deadline = time.monotonic() + timeout_s
        deliveries = self._publisher.flush(timeout_s)
        if self._journal is None or deliveries.pending:
            return deliveries
        events = self._journal.stopped(self._now_ms(), _progress(deliveries))
        if not events:
            return deliveries
        # Another thread may have closed the publisher after the timeout.
        with contextlib.suppress(BrokerError):
            self._publish_events(events)
        return self._publisher.flush(max(deadline - time.monotonic(), LAST_REPORTS_S))

    def _record(self, event: FeedEvent) -> None:
        if self._journal is not None:
            is_loss = event.kind in _LOST and self._journal.is_connected
            deliveries = self._publisher.flush(LAST_REPORTS_S if is_loss else 0)
            self._publish_events(self._journal.happened(event, _progress(deliveries)))

    def _publish_events(self, events: Iterable[SessionEvent]) -> None:
        for event in events:
            for part in event.in_parts():
                self._publisher.publish(part)
                self.counts.published_events += 1

    def _carry(self, frame: Frame, now_ms: int) -> None:
        result = self._intake.accept(frame)
        self._publisher.publish(*result.trades, *result.dead_letters)
        counts = self.counts
        counts.frames += 1
        counts.trades += len(result.trades)
        counts.price_updates += result.price_updates
        counts.redelivered += result.redelivered
        for letter in result.dead_letters:
            counts.rejected[str(letter.rejection.reason)] += 1
        if result.trades:
            counts.latency_ms = result.trades[-1].latency_ms
        if self._journal is not None:
            self._journal.received(result.trades)
            if result.redelivered:
                self._journal.redelivered([trade.symbol for trade in frame.trades])
            done_ms = self._now_ms()
            if done_ms - now_ms >= BACKPRESSURE_MS:
                self._publish_events(self._journal.backpressure(now_ms, done_ms))


def _progress(deliveries: Deliveries) -> DeliveryProgress:
    total = deliveries.acknowledged + deliveries.failed + deliveries.pending
    return DeliveryProgress(total=total, completed_prefix=deliveries.completed_prefix, failed=deliveries.failed)
