"""`Ingest` over the adapters in memory, on a clock that a test moves."""

from __future__ import annotations

from adapters.finnhub.protocol import parse_message
from adapters.memory.broker import MemoryBroker
from adapters.memory.feed import MemoryFeed
from adapters.memory.publisher import Acknowledge, MemoryPublisher, acknowledge_all
from adapters.memory.subscriber import MemorySubscriber
from apps.services.ingest import Ingest
from domain.feed import FeedEvent, FeedEventKind, FeedMessage
from domain.intake import Intake
from domain.journal import Journal
from domain.rules import Rules
from domain.session import SessionEvent
from domain.session_record import decode_event
from ports.publisher import Publishable, Publisher
from tests.support.feeds import payload

T0 = 1_700_000_000_000


class SlowPublisher:
    """A publisher whose buffer is full for a while, by the line's clock."""

    def __init__(self, line: Line, publisher: Publisher) -> None:
        self._line = line
        self._publisher = publisher
        self.start, self.flush, self.close = publisher.start, publisher.flush, publisher.close

    def publish(self, *items: Publishable) -> None:
        self._line.now += self._line.blocked_ms
        self._line.blocked_ms = 0
        self._publisher.publish(*items)


class Line:
    """A producer on a clock that the test moves, and a reader of the events that it published."""

    def __init__(self, acknowledge: Acknowledge = acknowledge_all) -> None:
        self.now = T0
        self.blocked_ms = 0
        """How long the next `publish` waits for room, by the line's clock."""
        self.broker = MemoryBroker(now_ms=lambda: self.now)
        self.publisher = SlowPublisher(self, MemoryPublisher(self.broker, acknowledge=acknowledge))
        self.publisher.start()
        self.feed = MemoryFeed()
        self.feed.start()
        self.reader = MemorySubscriber(self.broker, "test", ["feed.events"])
        self.reader.start()
        self.ingest = Ingest(
            feed=self.feed,
            intake=Intake(source="test"),
            publisher=self.publisher,
            journal=Journal(instance="producer-1", run="r"),
            now_ms=lambda: self.now,
        )

    def step(self, message: FeedMessage | None = None) -> None:
        if message is not None:
            self.feed.push(message)
        self.ingest.step(0)

    def happen(self, *kinds: FeedEventKind, symbols: tuple[str, ...] = ("AAPL", "MSFT")) -> None:
        for kind in kinds:
            self.step(FeedEvent(kind=kind, at_ms=self.now, symbols=symbols))

    def trade(self, symbol: str = "AAPL") -> None:
        self.step(parse_message(payload(symbol, self.now), self.now))

    def idle(self, ms: int) -> None:
        for _ in range(0, ms, 100):
            self.now += 100
            self.step()

    def events(self) -> list[SessionEvent]:
        """Return the events published since the last call."""
        found = []
        for record in self.reader.read(0):
            assert record.key == b"producer-1"
            event = decode_event(record.value, appended_ms=record.appended_ms, rules=Rules())
            assert isinstance(event, SessionEvent)
            found.append(event)
        return found
