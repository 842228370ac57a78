"""From frames to acknowledged in Kafka, at full speed: `produce tapeline|bare SERVERS TOPIC URL|FILE TRADES`.

- tapeline: `tapeline producer` as it is wired, from its WebSocket;
- bare: no WebSocket; frames from a file, decoded by msgspec to exact decimals, encoded by msgspec as records of the same fields, produced with
  the same properties and a delivery report each. Nothing is validated or identified, nothing is kept for a producer that dies.

The first fifth is a warm-up: it is acknowledged before the watch starts.
"""

import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec
from confluent_kafka import KafkaError, Message, Producer

from adapters.kafka.settings import KafkaSettings
from apps.containers import ProducerContainer
from apps.runtime.gc_tuning import tune_gc
from apps.settings.options import FinnhubOptions, KafkaOptions
from apps.settings.producer import ProducerSettings
from bench.harness.runs import Run, Stopwatch
from bench.harness.workload import read_frames, symbols

WARM_UP: Final = 5
"""A fifth."""
PATIENCE_S: Final = 60.0


def tapeline(servers: str, topic: str, url: str, trades: int) -> Run:
    """Carry trades with the producer's own parts."""
    settings = ProducerSettings(
        finnhub=FinnhubOptions(url=url),
        kafka=KafkaOptions(bootstrap_servers=servers, trades_topic=topic, dead_letters_topic=f"{topic}.dlq"),
    )
    container = ProducerContainer(settings=settings)
    feed, publisher, ingest = container.feed(), container.publisher(), container.ingest()
    feed.subscribe(symbols())
    publisher.start()
    feed.start()
    while ingest.counts.trades < trades // WARM_UP:
        ingest.step(0.2)
    before = publisher.flush(PATIENCE_S).acknowledged
    watch = Stopwatch()
    while ingest.counts.trades < trades:
        ingest.step(0.2)
    deliveries = publisher.flush(PATIENCE_S)
    run = watch.stop(deliveries.acknowledged - before)
    feed.close()
    publisher.close()
    assert (deliveries.pending, deliveries.failed) == (0, 0)
    return run


class Trade(msgspec.Struct):
    """A trade of a frame."""

    s: str
    p: Decimal
    v: Decimal
    t: int
    c: list[str] | None = None


class Frame(msgspec.Struct):
    """A frame."""

    data: list[Trade]


class Record(msgspec.Struct):
    """A record of the same fields as tapeline's, so that as many bytes go to the broker."""

    v: int
    symbol: str
    price: Decimal
    volume: Decimal
    timestamp_ms: int
    trade_id: str
    conditions: list[str]
    received_ms: int
    venue: str
    asset_class: str


def decoder() -> Callable[[bytes], Frame]:
    """Give what reads a frame."""
    return msgspec.json.Decoder(Frame).decode


def encoder() -> Callable[[Record], bytes]:
    """Give what writes a record."""
    return msgspec.json.Encoder(decimal_format="number").encode


def record(trade: Trade, now_ms: int) -> Record:
    """Make a trade's record."""
    return Record(1, trade.s, trade.p, trade.v, trade.t, "0000-0a1b2c3d", trade.c or [], now_ms, "BINANCE", "crypto")


def bare(servers: str, topic: str, file: str, trades: int) -> Run:
    """Produce with nothing around it."""
    decode, encode = decoder(), encoder()
    producer = Producer(KafkaSettings(bootstrap_servers=servers).producer())
    acknowledged = 0

    def delivered(error: KafkaError | None, _message: Message) -> None:
        nonlocal acknowledged
        assert error is None
        acknowledged += 1

    def carry(payloads: list[bytes]) -> None:
        produce, poll = producer.produce, producer.poll
        for payload in payloads:
            now_ms = time.time_ns() // 1_000_000
            for trade in decode(payload).data:
                value = encode(record(trade, now_ms))
                while True:
                    try:
                        produce(topic, value, trade.s.encode(), on_delivery=delivered)
                        break
                    except BufferError:
                        poll(0.1)
                poll(0)
        producer.flush(PATIENCE_S)

    payloads = read_frames(file)
    warm = len(payloads) // WARM_UP
    carry(payloads[:warm])
    before = acknowledged
    watch = Stopwatch()
    carry(payloads[warm:])
    run = watch.stop(acknowledged - before)
    assert acknowledged == trades
    return run


def main(path: str, servers: str, topic: str, source: str, trades: str) -> None:
    """Measure one of them."""
    # As `tapeline producer` does; for each path alike.
    tune_gc()
    (tapeline if path == "tapeline" else bare)(servers, topic, source, int(trades)).report()


if __name__ == "__main__":
    main(*sys.argv[1:])
