"""Two feeds on the same symbols with different keys: raw trades are right by themselves, candles when deduplication is on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.trade_store import CassandraTradeStore
from adapters.kafka.publisher import KafkaPublisher
from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from devstack.stack import Stack
from domain.candle import Candle, fold
from domain.intake import Intake
from domain.trade import Trade
from domain.window import MINUTE_MS
from tests.support.aggregators import Site
from tests.support.feeds import connected, payload, read_frames
from tests.support.in_process_queries import Carrier

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

SYMBOLS = ("AAPL", "BINANCE:BTCUSDT")
FRAMES = 200


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> list[list[Trade]]:
    """What each of two feeds gave: the same market, several trades in a millisecond, on two connections with a key each."""
    begun_ms = time.time_ns() // 1_000_000 - 600_000
    recording = tmp_path_factory.mktemp("recording") / "frames.jsonl"
    frames = [payload(SYMBOLS[n % 2], begun_ms + n // 4 * 2_000, f"{100 + n % 7}.5") for n in range(FRAMES)]
    # Frames that repeat byte by byte would be taken for one that came twice.
    assert len(set(frames)) == FRAMES
    recording.write_bytes(b"\n".join(frames))
    trades: list[list[Trade]] = []
    with (
        SimulatedFinnhub(SimulatorSettings(recording=recording, speed=None)) as server,
        connected(server, *SYMBOLS, token="key-1") as first,  # noqa: S106
        connected(server, *SYMBOLS, token="key-2") as second,  # noqa: S106
    ):
        for feed in (first, second):
            intake = Intake(source="test")
            results = [intake.accept(frame) for frame in read_frames(feed, FRAMES)]
            trades.append([trade for result in results for trade in result.trades])
    return trades


@pytest.fixture
def site(kafka_stack: Stack, cassandra_stack: Stack, received: list[list[Trade]], tmp_path: Path) -> Site:
    """A topic to which two producers carried it."""
    site = Site.make(f"active-{tmp_path.name}", tmp_path, kafka_stack, cassandra_stack)
    first, second = KafkaPublisher(site.kafka), KafkaPublisher(site.kafka)
    first.start()
    second.start()
    try:
        # One is some trades ahead of the other.
        for place in range(FRAMES + 30):
            if place < FRAMES:
                first.publish(received[0][place])
            if place >= 30:
                second.publish(received[1][place - 30])
        assert first.flush(60).acknowledged + second.flush(60).acknowledged == 2 * FRAMES
    finally:
        first.close()
        second.close()
    return site


def stored_trades(site: Site, symbol: str) -> list[Trade]:
    with CassandraTradeStore(site.cassandra) as store:
        return list(store.read(symbol, 0, time.time_ns() // 1_000_000 + MINUTE_MS))


def stored_candles(site: Site, trades: Sequence[Trade]) -> list[Candle]:
    first, last = min(one.timestamp_ms for one in trades), max(one.timestamp_ms for one in trades)
    with CassandraCandleStore(site.cassandra) as store:
        return [candle for symbol in SYMBOLS for candle in store.read(symbol, first - MINUTE_MS, last + 1, MINUTE_MS)]


def test_both_feeds_give_a_trade_the_same_id(received: list[list[Trade]]) -> None:
    assert [len(trades) for trades in received] == [FRAMES, FRAMES]
    ids = [[(one.symbol, one.timestamp_ms, one.trade_id) for one in trades] for trades in received]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == FRAMES


def test_raw_trades_are_stored_once_and_candles_count_them_once_with_deduplication(
    spark: SparkSession, site: Site, received: list[list[Trade]]
) -> None:
    Carrier(spark, site).once(deduplicate=True)
    for symbol in SYMBOLS:
        expected = sorted((one.timestamp_ms, one.trade_id) for one in received[0] if one.symbol == symbol)
        assert [(one.timestamp_ms, one.trade_id) for one in stored_trades(site, symbol)] == expected
    candles = {candle.window_key: candle for candle in stored_candles(site, received[0])}
    assert candles == fold(received[0], MINUTE_MS)
