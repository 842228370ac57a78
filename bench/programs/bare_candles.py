"""Records of a topic to candles with a bare loop: `bare_candles SERVERS TOPIC RECORDS`.

The shortest program with exact numbers: confluent-kafka, msgspec, a dict of candles. It validates nothing, persists no state and commits no offset.
It accepts late trades and never removes a candle. Open and close are in order of arrival.
"""

import sys
from collections.abc import Iterable
from decimal import Decimal
from typing import TypeAlias

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from apps.runtime.gc_tuning import tune_gc
from bench.harness.runs import Run
from bench.harness.warmup import WarmUp

MINUTE_MS = 60_000
BATCH = 5_000
TIMEOUT_S = 60.0


class Record(msgspec.Struct):
    """The fields that a candle needs; the decoder skips the others."""

    symbol: str
    price: Decimal
    volume: Decimal
    timestamp_ms: int


class Candle(msgspec.Struct):
    """One symbol's minute."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    trades: int = 1


Candles: TypeAlias = dict[tuple[str, int], Candle]
"""By symbol and minutes since the epoch."""

_decode = msgspec.json.Decoder(Record).decode


def fold(candles: Candles, values: Iterable[bytes | None]) -> None:
    """Fold records into candles."""
    for value in values:
        assert value is not None
        trade = _decode(value)
        price = trade.price
        key = (trade.symbol, trade.timestamp_ms // MINUTE_MS)
        candle = candles.get(key)
        if candle is None:
            candles[key] = Candle(price, price, price, price, trade.volume)
            continue
        if price > candle.high:
            candle.high = price
        elif price < candle.low:
            candle.low = price
        candle.close = price
        candle.volume += trade.volume
        candle.trades += 1


def measure(servers: str, topic: str, records: int) -> Run:
    """Read `records` records from all partitions. Raise AssertionError if the candles do not contain all of them."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "bench-bare", "enable.auto.commit": False})
    partitions = consumer.list_topics(topic, timeout=TIMEOUT_S).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
    candles: Candles = {}
    warm_up = WarmUp(records)
    while warm_up.count < records:
        messages = consumer.consume(BATCH, timeout=TIMEOUT_S)
        assert messages, f"only {warm_up.count} records on the topic"
        fold(candles, [message.value() for message in messages])
        warm_up.add(len(messages))
    run = warm_up.stop()
    consumer.close()
    assert sum(candle.trades for candle in candles.values()) == records
    return run


def main(servers: str, topic: str, records: str) -> None:
    """Measure the loop."""
    # tapeline's programs do the same.
    tune_gc()
    measure(servers, topic, int(records)).report()


if __name__ == "__main__":
    main(*sys.argv[1:])
