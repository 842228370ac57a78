"""From frames to Kafka's acknowledgement, at full speed: `producer_throughput tapeline|bare SERVERS TOPIC URL|FILE TRADES`.

- tapeline: `tapeline producer` as configured by default, from its WebSocket;
- bare: no WebSocket. msgspec decodes frames from a file to exact decimals and encodes records with the same fields. The Kafka client has the same
  properties and reports the delivery of each record. Nothing is validated or identified, and nothing is persisted for a restart.

The first fifth is a warm-up: Kafka acknowledges it before the clock starts.
"""

import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import attrs
import msgspec
from confluent_kafka import KafkaError, Message, Producer

from adapters.kafka.settings import KafkaSettings
from adapters.system_clock import system_clock
from apps.containers.long_running import ProducerContainer
from apps.runtime.gc_tuning import tune_gc
from apps.settings.options import FinnhubOptions
from apps.settings.producer import ProducerSettings
from bench.harness.connections import connections
from bench.harness.runs import Run, Stopwatch
from bench.harness.workload import read_frames, symbols

WARM_UP_DIVISOR: Final = 5
"""The warm-up is a fifth."""
TIMEOUT_S: Final = 60.0


def tapeline(servers: str, topic: str, url: str, trades: int) -> Run:
    """Publish trades with the producer as its container builds it."""
    settings = ProducerSettings(
        finnhub=FinnhubOptions(url=url),
        kafka=attrs.evolve(
            connections().kafka, bootstrap_servers=servers, trades_topic=topic, dead_letters_topic=f"{topic}.dlq"
        ),
    )
    container = ProducerContainer(settings=settings)
    feed, publisher, ingest = container.feed(), container.publisher(), container.ingest()
    feed.subscribe(symbols())
    publisher.start()
    feed.start()
    while ingest.counts.trades < trades // WARM_UP_DIVISOR:
        ingest.step(0.2)
    before = publisher.flush(TIMEOUT_S).acknowledged
    watch = Stopwatch()
    while ingest.counts.trades < trades:
        ingest.step(0.2)
    deliveries = publisher.flush(TIMEOUT_S)
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
    """A record with the same fields as tapeline's, so the broker receives as many bytes."""

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
    """Return the function that decodes a frame."""
    return msgspec.json.Decoder(Frame).decode


def encoder() -> Callable[[Record], bytes]:
    """Return the function that encodes a record."""
    return msgspec.json.Encoder(decimal_format="number").encode


def record(trade: Trade, now_ms: int) -> Record:
    """Return the record of a trade."""
    return Record(1, trade.s, trade.p, trade.v, trade.t, "0000-0a1b2c3d", trade.c or [], now_ms, "BINANCE", "crypto")


def bare(servers: str, topic: str, file: str, trades: int) -> Run:
    """Decode, encode and produce, and nothing else."""
    decode, encode = decoder(), encoder()
    producer = Producer(KafkaSettings(bootstrap_servers=servers).producer())
    acknowledged = 0

    def delivered(error: KafkaError | None, _message: Message) -> None:
        nonlocal acknowledged
        assert error is None
        acknowledged += 1

    def publish(payloads: list[bytes]) -> None:
        produce, poll = producer.produce, producer.poll
        for payload in payloads:
            now_ms = system_clock()
            for trade in decode(payload).data:
                value = encode(record(trade, now_ms))
                while True:
                    try:
                        produce(topic, value, trade.s.encode(), on_delivery=delivered)
                        break
                    except BufferError:
                        poll(0.1)
                poll(0)
        producer.flush(TIMEOUT_S)

    payloads = read_frames(file)
    warm = len(payloads) // WARM_UP_DIVISOR
    publish(payloads[:warm])
    before = acknowledged
    watch = Stopwatch()
    publish(payloads[warm:])
    run = watch.stop(acknowledged - before)
    assert acknowledged == trades
    return run


def main(mode: str, servers: str, topic: str, source: str, trades: str) -> None:
    """Measure one variant."""
    # `tapeline producer` does the same; here both variants do.
    tune_gc()
    (tapeline if mode == "tapeline" else bare)(servers, topic, source, int(trades)).report()


if __name__ == "__main__":
    main(*sys.argv[1:])
