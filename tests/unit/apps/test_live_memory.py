"""A soak of `tapeline live` in fast motion: on a feed that trades, fails and sends garbage for ever, memory stops growing."""

from __future__ import annotations

import gc
import tracemalloc

from dependency_injector import providers

from adapters.finnhub.protocol import parse_message
from adapters.memory.feed import MemoryFeed
from apps.containers.long_running import LiveContainer
from apps.services.embedded_pipeline import EmbeddedPipeline
from apps.settings.live import LiveSettings
from domain.feed import FeedEvent, FeedEventKind
from domain.window import MINUTE_MS
from tests.support.feeds import payload

SYMBOLS = tuple(f"SYMBOL{number}" for number in range(50))
T0 = 1_700_000_000_000
MIB = 1024 * 1024


class Soak:
    """The embedded pipeline over a feed and a clock that the test moves: a round is a minute of trades, garbage and a failed reconnect."""

    def __init__(self) -> None:
        self.now_ms = T0
        self.feed = MemoryFeed()
        settings = LiveSettings(keep_trades=20, keep_candles=20, keep_events=20, keep_mib=1)
        self.container = LiveContainer(settings=settings)
        self.container.unmeasured_feed.override(providers.Object(self.feed))
        self.container.clock.override(providers.Object(lambda: self.now_ms))
        self.pipeline: EmbeddedPipeline = self.container.pipeline()
        for part in (self.container.publisher(), self.container.subscriber(), self.container.feed()):
            part.start()
        self.container.feed().subscribe(SYMBOLS)
        self._rounds = 0

    def run(self, rounds: int) -> int:
        """Run and return the bytes in use afterwards."""
        for _ in range(rounds):
            self._rounds += 1
            self.now_ms += MINUTE_MS
            for kind in (FeedEventKind.CONNECTED, FeedEventKind.SUBSCRIBED):
                self._push_event(kind)
            for symbol in (SYMBOLS[0], SYMBOLS[1]):
                self.feed.push(parse_message(payload(symbol, self.now_ms), self.now_ms))
            # Unlike its predecessors, so that nothing is taken for a redelivery.
            self.feed.push(parse_message(f"{self._rounds:08}".encode() + b"x" * 65_536, self.now_ms))
            self._push_event(FeedEventKind.DISCONNECTED)
            for _ in range(6):
                self.pipeline.step(0)
            self.pipeline.step(0)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    def _push_event(self, kind: FeedEventKind) -> None:
        self.feed.push(FeedEvent(kind=kind, at_ms=self.now_ms, detail="connection refused", symbols=SYMBOLS))


def test_memory_stops_growing() -> None:
    soak = Soak()
    tracemalloc.start()
    try:
        soak.run(180)
        first = soak.run(20)
        last = soak.run(200)
    finally:
        tracemalloc.stop()
    assert soak.pipeline.ingest.counts.trades == 2 * 400
    assert soak.pipeline.aggregator.counts.final_candles > 700
    # Unbounded, the dead letters alone would add 12 MiB in these 200 rounds, and the events 15 MiB.
    assert last - first < MIB
    assert last < 12 * MIB


def test_the_newest_of_everything_is_what_stays() -> None:
    soak = Soak()
    soak.run(60)
    symbol = SYMBOLS[0]
    candles = list(soak.container.candle_store().read(symbol, 0, 1 << 53, MINUTE_MS))
    events = list(soak.container.event_store().read(symbol, 0, 1 << 53))
    trades = list(soak.container.trade_store().read(symbol, 0, 1 << 53))
    assert (len(trades), len(candles)) == (20, 20)
    assert trades[-1].timestamp_ms == soak.now_ms
    assert candles[-1].close_key.timestamp_ms == soak.now_ms
    assert 20 <= len(events) <= 22
    assert events[-1].at_ms == soak.now_ms
