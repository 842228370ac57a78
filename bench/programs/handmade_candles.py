"""Records of a topic to candles: `candles SERVERS TOPIC RECORDS`.

What somebody in a hurry writes, with exact numbers: confluent-kafka, msgspec, a dict of candles. Nothing is validated, no state is kept and
no offset committed; whatever is late is taken, nothing is forgotten. Open and close are by arrival.
"""

import sys
from collections.abc import Iterable
from decimal import Decimal
from typing import TypeAlias

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from apps.runtime.gc_tuning import tune_gc
from bench.harness.runs import Run
from bench.harness.warmup import Warm

MINUTE_MS = 60_000
BATCH = 5_000
PATIENCE_S = 60.0


class Record(msgspec.Struct):
    """What a candle is made of; the record's other fields are passed over."""

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
"""By symbol and by the minute's number since the epoch."""

_decode = msgspec.json.Decoder(Record).decode


def fold(candles: Candles, values: Iterable[bytes | None]) -> None:
    """Fold records into candles."""
    for value in values:
        assert value is not None
        trade = _decode(value)
        price = trade.price
        slot = (trade.symbol, trade.timestamp_ms // MINUTE_MS)
        candle = candles.get(slot)
        if candle is None:
            candles[slot] = Candle(price, price, price, price, trade.volume)
            continue
        if price > candle.high:
            candle.high = price
        elif price < candle.low:
            candle.low = price
        candle.close = price
        candle.volume += trade.volume
        candle.trades += 1


def measure(servers: str, topic: str, records: int) -> Run:
    """Read so many records of all partitions."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "bench-loop", "enable.auto.commit": False})
    partitions = consumer.list_topics(topic, timeout=PATIENCE_S).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
    candles: Candles = {}
    warm = Warm(records)
    while warm.taken < records:
        messages = consumer.consume(BATCH, timeout=PATIENCE_S)
        assert messages, f"only {warm.taken} records were there"
        fold(candles, [message.value() for message in messages])
        warm.take(len(messages))
    run = warm.stop()
    consumer.close()
    assert sum(candle.trades for candle in candles.values()) == records
    return run


def main(servers: str, topic: str, records: str) -> None:
    """Measure."""
    # As tapeline's programs do.
    tune_gc()
    measure(servers, topic, int(records)).report()


if __name__ == "__main__":
    main(*sys.argv[1:])
