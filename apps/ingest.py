"""The first half of the pipeline: feed -> intake -> broker, one message a step, in the caller's thread.

Nothing is buffered here. When the broker's buffer is full, publishing waits, and so the feed is not read: it is held back, nothing is dropped.
"""

from collections import Counter
from typing import Protocol

import attrs

from domain.feed import FeedEvent, FeedEventKind, Frame
from domain.intake import IntakeResult
from ports.feed import Feed
from ports.publisher import Publisher


@attrs.define(kw_only=True)
class IngestCounts:
    """What came in since the start."""

    frames: int = 0
    trades: int = 0
    price_updates: int = 0
    """Of the trades, those of volume 0."""
    redelivered: int = 0
    rejected: Counter[str] = attrs.field(factory=Counter)
    """Dead letters by reason."""
    events: Counter[FeedEventKind] = attrs.field(factory=Counter)
    latency_ms: int | None = None
    """Of the newest trade: venue's stamp to received."""


class Judge(Protocol):
    """What judges frames: `domain.intake.Intake`, or one that measures it."""

    def accept(self, frame: Frame) -> IntakeResult:
        """Judge one frame. Never raises, whatever the frame holds."""
        ...


class Ingest:
    """Carries messages from a feed to a publisher and counts them."""

    def __init__(self, *, feed: Feed, intake: Judge, publisher: Publisher) -> None:
        self._feed = feed
        self._intake = intake
        self._publisher = publisher
        self.counts = IngestCounts()
        self.last_event: FeedEvent | None = None
        """The newest event of the connection, heartbeats and other messages left out."""

    def step(self, timeout_s: float) -> bool:
        """Carry the next message over; False when none came in time. Raises EndOfFeed, FeedError and BrokerError from the ports."""
        message = self._feed.read(timeout_s)
        if message is None:
            # Delivery reports come in while idle, too.
            self._publisher.flush(0)
            return False
        if isinstance(message, Frame):
            self._carry(message)
        else:
            self.counts.events[message.kind] += 1
            if message.kind not in {FeedEventKind.HEARTBEAT, FeedEventKind.OTHER_MESSAGE}:
                self.last_event = message
        return True

    def _carry(self, frame: Frame) -> None:
        result = self._intake.accept(frame)
        for trade in result.trades:
            self._publisher.publish(trade)
        for letter in result.dead_letters:
            self._publisher.publish(letter)
        counts = self.counts
        counts.frames += 1
        counts.trades += len(result.trades)
        counts.price_updates += sum(trade.is_price_update for trade in result.trades)
        counts.redelivered += result.redelivered
        counts.rejected.update(str(letter.rejection.reason) for letter in result.dead_letters)
        if result.trades:
            counts.latency_ms = result.trades[-1].latency_ms
