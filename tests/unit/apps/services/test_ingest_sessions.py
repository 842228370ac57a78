"""What `Ingest` publishes of the connection of its feed, over the adapters in memory."""

from __future__ import annotations

from adapters.finnhub.protocol import parse_message
from adapters.memory.subscriber import MemorySubscriber
from domain.feed import FeedEventKind, Frame
from domain.gaps import CandleStatus, covered_spans, status
from domain.record import decode
from domain.rules import Rules
from domain.session import SessionEventKind
from domain.trade import Trade
from tests.support.feeds import payload

from .ingest_line import T0, Line

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
