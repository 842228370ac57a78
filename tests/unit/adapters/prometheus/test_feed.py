from __future__ import annotations

from datetime import datetime

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from adapters.exchange_calendar.markets import is_any_open
from adapters.memory.feed import MemoryFeed
from adapters.prometheus.feed import MeasuredFeed
from domain.feed import FeedEvent, FeedEventKind, FeedMessage, Frame
from ports.errors import EndOfFeed
from tests.support.scraping import Scrape, scrape

FRAME = Frame(payload=b"{}", received_ms=1)


def event(kind: FeedEventKind) -> FeedEvent:
    return FeedEvent(kind=kind, at_ms=1)


class Bench:
    """A measured feed with these messages, at times that the test sets."""

    def __init__(self, *messages: FeedMessage) -> None:
        self.now_s = 1000.0
        self.registry = CollectorRegistry()
        self.inner = MemoryFeed(messages)
        self.feed = MeasuredFeed(self.inner, self.registry, now_s=lambda: self.now_s, monotonic=lambda: self.now_s)
        self.feed.start()

    def read(self, count: int = 1) -> Scrape:
        for _ in range(count):
            self.feed.read(0)
        return scrape(self.registry)


def test_everything_is_exported_at_0_before_anything_came() -> None:
    found = Bench().read(0)
    for name in ("frames", "connects", "disconnects", "silences", "rate_limited", "provider_errors"):
        assert found.value(f"tapeline_feed_{name}_total") == 0
    assert found.value("tapeline_feed_connected") == 0
    assert found.value("tapeline_feed_last_frame_timestamp_seconds") == 1000


def test_messages_come_through_as_they_are() -> None:
    messages: list[FeedMessage] = [event(FeedEventKind.CONNECTED), FRAME, event(FeedEventKind.HEARTBEAT)]
    feed = Bench(*messages).feed
    assert [feed.read(0) for _ in range(4)] == [*messages, None]


def test_frames_are_counted_and_heartbeats_are_none() -> None:
    found = Bench(FRAME, FRAME, event(FeedEventKind.HEARTBEAT)).read(3)
    assert found.value("tapeline_feed_frames_total") == 2


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (FeedEventKind.CONNECTED, "connects"),
        (FeedEventKind.DISCONNECTED, "disconnects"),
        (FeedEventKind.SILENT, "silences"),
        (FeedEventKind.RATE_LIMITED, "rate_limited"),
        (FeedEventKind.PROVIDER_ERROR, "provider_errors"),
    ],
)
def test_each_kind_of_event_has_a_counter(kind: FeedEventKind, name: str) -> None:
    found = Bench(event(kind), event(kind)).read(2)
    assert found.value(f"tapeline_feed_{name}_total") == 2


@pytest.mark.parametrize("message", [FRAME, event(FeedEventKind.HEARTBEAT), event(FeedEventKind.OTHER_MESSAGE)])
def test_what_the_server_sends_moves_the_moment_of_the_last_frame(message: FeedMessage) -> None:
    bench = Bench(message)
    bench.now_s = 1060.0
    assert bench.read().value("tapeline_feed_last_frame_timestamp_seconds") == 1060


@pytest.mark.parametrize("kind", [FeedEventKind.CONNECTED, FeedEventKind.DISCONNECTED, FeedEventKind.SILENT])
def test_what_this_side_tells_does_not(kind: FeedEventKind) -> None:
    bench = Bench(event(kind))
    bench.now_s = 1060.0
    assert bench.read().value("tapeline_feed_last_frame_timestamp_seconds") == 1000


def test_it_is_connected_from_the_connect_to_the_loss() -> None:
    bench = Bench(event(FeedEventKind.CONNECTED), event(FeedEventKind.DISCONNECTED))
    assert bench.read().value("tapeline_feed_connected") == 1
    assert bench.read().value("tapeline_feed_connected") == 0


def test_a_recording_is_connected_from_its_first_frame_to_its_end() -> None:
    bench = Bench(FRAME)
    bench.inner.end()
    assert bench.read().value("tapeline_feed_connected") == 1
    with pytest.raises(EndOfFeed):
        bench.feed.read(0)
    assert bench.read(0).value("tapeline_feed_connected") == 0


def test_a_closed_feed_is_not_connected() -> None:
    bench = Bench(event(FeedEventKind.CONNECTED))
    bench.read()
    bench.feed.close()
    assert not bench.feed.connected


def test_it_tells_for_how_long_nobody_has_read() -> None:
    bench = Bench()
    bench.now_s = 1007.0
    assert bench.feed.seconds_since_read == 7
    bench.read()
    assert bench.feed.seconds_since_read == 0


@pytest.mark.parametrize(
    ("moment", "symbols", "is_open"),
    [
        ("2026-11-25T12:00-05:00", ["AAPL"], 1),
        ("2026-11-26T12:00-05:00", ["AAPL"], 0),  # Thanksgiving
        ("2026-11-27T12:59-05:00", ["AAPL"], 1),  # the day after
        ("2026-11-27T13:00-05:00", ["AAPL"], 0),
        ("2026-11-26T12:00-05:00", ["AAPL", "BINANCE:BTCUSDT"], 1),
    ],
)
def test_it_exports_whether_the_market_of_a_symbol_is_open(moment: str, symbols: list[str], is_open: int) -> None:
    registry, now_s = CollectorRegistry(), datetime.fromisoformat(moment).timestamp()
    feed = MeasuredFeed(MemoryFeed([]), registry, is_market_open=is_any_open, now_s=lambda: now_s)
    feed.subscribe(symbols)
    assert scrape(registry).value("tapeline_feed_market_open") == is_open


def test_a_feed_of_all_symbols_does_not_export_a_market() -> None:
    registry = CollectorRegistry()
    MeasuredFeed(MemoryFeed([]), registry, is_market_open=is_any_open)
    assert "tapeline_feed_market_open" not in generate_latest(registry).decode()
