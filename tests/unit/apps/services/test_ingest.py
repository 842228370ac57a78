"""What `Ingest` publishes of its feed's connection, over the adapters in memory."""

from __future__ import annotations

import pytest

from adapters.finnhub.protocol import parse_message
from adapters.memory.broker import MemoryBroker
from adapters.memory.feed import MemoryFeed
from adapters.memory.publisher import Acknowledge, MemoryPublisher, acknowledge_all
from adapters.memory.subscriber import MemorySubscriber
from apps.services.ingest import Ingest
from domain.feed import FeedEvent, FeedEventKind, FeedMessage, Frame
from domain.gaps import CandleStatus, covered_spans, status
from domain.intake import Intake
from domain.journal import Journal
from domain.record import decode
from domain.rules import Rules
from domain.session import SessionEvent, SessionEventKind
from domain.session_record import decode_event
from domain.trade import Trade
from ports.publisher import Deliveries, Publishable, Publisher
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


@pytest.fixture
def line() -> Line:
    return Line()


K = FeedEventKind


def test_the_life_of_a_connection_is_published_with_its_symbols(line: Line) -> None:
    line.happen(K.CONNECTED, K.SUBSCRIBED)
    line.idle(6_000)
    line.trade()
    line.happen(K.DISCONNECTED)
    line.happen(K.RATE_LIMITED)
    found = line.events()
    assert [str(event.kind) for event in found] == ["connected", "subscribed", "alive", "disconnected", "rate_limited"]
    assert all(event.symbols.keys() == {"AAPL", "MSFT"} for event in found)
    assert [event.seen_ms for event in found] == [T0, T0, T0, T0 + 6_000, T0 + 6_000]


def test_heartbeats_are_not_published_one_by_one(line: Line) -> None:
    line.happen(K.CONNECTED, K.SUBSCRIBED)
    line.events()
    for _ in range(40):
        line.idle(100)
        line.happen(K.HEARTBEAT, K.OTHER_MESSAGE)
    assert not line.events()
    line.idle(900)
    line.now += 200
    line.happen(K.HEARTBEAT)
    [event] = line.events()
    assert (event.kind, event.seen_ms) == (SessionEventKind.ALIVE, line.now - 200)


def test_the_end_is_told_when_all_is_acknowledged(line: Line) -> None:
    line.happen(K.CONNECTED, K.SUBSCRIBED)
    line.idle(300)
    line.trade()
    line.now += 300
    deliveries = line.ingest.finish(1.0)
    [*_, event] = line.events()
    assert (event.kind, event.at_ms, event.seen_ms) == (SessionEventKind.STOPPED, T0 + 600, T0 + 300)
    assert deliveries.pending == 0
    line.ingest.finish(1.0)
    assert not line.events()


def test_a_producer_that_lags_behind_its_feed_claims_only_up_to_where_it_had_read_all(line: Line) -> None:
    line.happen(K.CONNECTED, K.SUBSCRIBED)
    line.idle(100)
    for number in range(1_000):
        sent_ms = T0 + 100 + 15 * number
        line.feed.push(parse_message(payload("AAPL", sent_ms), sent_ms))
    for _ in range(500):
        line.now += 30
        line.step()
    alive = [event for event in line.events() if event.kind is SessionEventKind.ALIVE]
    assert {event.seen_ms for event in alive} == {T0 + 100}
    for _ in range(500):
        line.step()
    line.idle(100)
    caught_up = line.now
    line.trade()
    line.idle(6_000)
    assert line.events()[-1].seen_ms == caught_up


def test_a_recording_has_no_session(line: Line) -> None:
    for _ in range(10):
        line.now += 1_000
        line.trade()
    line.ingest.finish(0)
    assert not line.events()
    assert line.ingest.counts.trades == 10


def test_a_quiet_market_is_told_from_a_dead_feed(line: Line) -> None:
    line.happen(K.CONNECTED, K.SUBSCRIBED)
    for _ in range(3):
        line.idle(60_000)
        line.happen(K.HEARTBEAT)
    line.happen(K.DISCONNECTED)
    line.now += 180_000
    line.happen(K.CONNECTED, K.SUBSCRIBED)
    spans = covered_spans(line.events(), "AAPL", now_ms=line.now)
    minutes = [status(spans, T0 + n * 60_000, T0 + (n + 1) * 60_000, trades=0) for n in range(6)]
    quiet, dead = CandleStatus.NO_TRADES, CandleStatus.NOT_CONNECTED
    assert minutes == [quiet, quiet, CandleStatus.PARTIAL, dead, dead, dead]


def test_backpressure_is_reported_with_its_begin_and_end(line: Line) -> None:
    line.happen(K.CONNECTED, K.SUBSCRIBED)
    line.now += 100
    line.blocked_ms = 60_000
    line.trade()
    line.step()
    found = {event.kind: event for event in line.events()}
    assert found[SessionEventKind.BUFFER_FULL].at_ms == T0 + 100
    assert found[SessionEventKind.BUFFER_FREE].at_ms == T0 + 60_100


def test_a_connection_lost_behind_a_full_buffer_is_a_gap_from_its_begin(line: Line) -> None:
    line.happen(K.CONNECTED, K.SUBSCRIBED)
    line.idle(100)
    line.blocked_ms = 60_000
    line.trade()
    # What came before the provider closed the connection is old when it is read.
    line.step(parse_message(payload("MSFT", T0 + 200), line.now))
    line.happen(K.DISCONNECTED)
    line.now += 1_000
    line.happen(K.CONNECTED, K.SUBSCRIBED)
    line.idle(10_000)
    [before, after] = covered_spans(line.events(), "AAPL", now_ms=line.now, delay_ms=0)
    assert before == (T0, T0 + 100)
    assert after == (T0 + 61_100, line.now)


def acknowledge_none(published: int, _timeout_s: float) -> Deliveries:
    return Deliveries(acknowledged=0, failed=0, pending=published, completed_prefix=0)


def test_nothing_is_claimed_that_is_not_acknowledged_and_no_end_is_reported() -> None:
    line = Line(acknowledge_none)
    line.happen(K.CONNECTED, K.SUBSCRIBED)
    line.trade()
    line.idle(6_000)
    assert line.ingest.finish(0).pending > 0
    found = line.events()
    assert found[-1].kind is SessionEventKind.ALIVE
    assert not covered_spans(found, "AAPL")


class AcknowledgeWhenAwaited:
    """Acknowledges what is published by the time that a flush waits, and nothing else."""

    def __init__(self) -> None:
        self._acknowledged = 0

    def __call__(self, published: int, timeout_s: float) -> Deliveries:
        if timeout_s > 0:
            self._acknowledged = published
        return Deliveries(
            acknowledged=self._acknowledged,
            failed=0,
            pending=published - self._acknowledged,
            completed_prefix=self._acknowledged,
        )


def test_a_lost_connection_is_reported_with_everything_that_came_over_it() -> None:
    line = Line(AcknowledgeWhenAwaited())
    line.happen(K.CONNECTED, K.SUBSCRIBED)
    line.idle(300)
    line.trade()
    line.happen(K.DISCONNECTED)
    [*_, event] = line.events()
    assert (event.kind, event.seen_ms) == (SessionEventKind.DISCONNECTED, T0 + 300)


class GiveUp:
    """Acknowledges everything but some items, which it gives up."""

    def __init__(self) -> None:
        self.given_up = 0

    def __call__(self, published: int, _timeout_s: float) -> Deliveries:
        return Deliveries(
            acknowledged=published - self.given_up, failed=self.given_up, pending=0, completed_prefix=published
        )


def test_a_window_with_a_lost_trade_is_never_complete() -> None:
    broker = GiveUp()
    line = Line(broker)
    line.happen(K.CONNECTED, K.SUBSCRIBED)
    minute = 60_000
    for number in range(5):
        line.idle(minute // 2)
        if number == 2:
            broker.given_up = 1
        line.trade()
        line.idle(minute // 2)
        line.trade()
    found = line.events()
    spans = covered_spans(found, "AAPL", now_ms=line.now, delay_ms=0)
    statuses = [status(spans, T0 + n * minute, T0 + (n + 1) * minute, trades=2) for n in range(5)]
    complete, partial = CandleStatus.COMPLETE, CandleStatus.PARTIAL
    assert statuses == [complete, complete, partial, complete, complete]
    [lost] = [event for event in found if event.kind is SessionEventKind.RECORDS_LOST]
    assert lost.seen_ms < T0 + 2 * minute + minute // 2 <= lost.at_ms


def test_a_reconnect_does_not_restart_the_numbers_of_a_millisecond(line: Line) -> None:
    line.happen(K.CONNECTED, K.SUBSCRIBED)
    line.trade("AAPL")
    line.happen(K.DISCONNECTED)
    line.happen(K.CONNECTED, K.SUBSCRIBED)
    # Another frame of the same millisecond: of the same bytes it would be a redelivery.
    line.step(parse_message(payload("AAPL", line.now, "164.07"), line.now))
    with MemorySubscriber(line.broker, "trades", ["trades"]) as reader:
        trades = [decode(record.value, appended_ms=record.appended_ms, rules=Rules()) for record in reader.read(0)]
    assert [trade.trade_id[:5] for trade in trades if isinstance(trade, Trade)] == ["0000-", "0001-"]


def test_a_frame_that_comes_twice_is_reported_with_the_number_of_its_trades(line: Line) -> None:
    line.happen(FeedEventKind.CONNECTED, FeedEventKind.SUBSCRIBED)
    frame = parse_message(payload("AAPL", line.now), line.now)
    assert isinstance(frame, Frame)
    for _ in range(3):
        line.step(frame)
    line.idle(6_000)
    [found] = [event for event in line.events() if event.kind is SessionEventKind.REDELIVERED]
    assert (list(found.symbols), found.redelivered) == (["AAPL"], 2 * len(frame.trades))
    assert line.ingest.counts.redelivered == found.redelivered
