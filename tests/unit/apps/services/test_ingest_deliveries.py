"""What `Ingest` claims while records wait, are acknowledged late or are given up, over the adapters in memory."""

from __future__ import annotations

from adapters.finnhub.protocol import parse_message
from domain.feed import FeedEventKind
from domain.gaps import CandleStatus, covered_spans, status
from domain.session import SessionEventKind
from ports.publisher import Deliveries
from tests.support.feeds import payload

from .ingest_line import T0, Line

K = FeedEventKind


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
