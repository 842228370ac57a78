"""Latencies of the producer at a steady rate: `producer_latency tapeline|bare SERVERS TOPIC URL|FILE FRAMES FRAMES_PER_S`.

- added: from reading a frame from the socket until the Kafka client has its last trade;
- write: from passing a record to the Kafka client until the client reports the broker's acknowledgement, for each record.

The first quarter is a warm-up: the first seconds of a new producer are slow (connection, producer id).
"""

import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError, Message, Producer
from prometheus_client import CollectorRegistry

from adapters.finnhub.protocol import parse_message
from adapters.finnhub.settings import FinnhubSettings
from adapters.finnhub.websocket_feed import FinnhubFeed
from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.settings import KafkaSettings
from adapters.prometheus.feed import MeasuredFeed
from adapters.prometheus.intake import MeasuredIntake
from adapters.prometheus.publisher import MeasuredPublisher
from adapters.system_clock import system_clock
from apps.runtime.gc_tuning import tune_gc
from apps.services.ingest import Ingest
from bench.harness.runs import Run, Stopwatch
from bench.harness.workload import read_frames, symbols
from bench.programs.producer_throughput import TIMEOUT_S
from domain.feed import Frame
from domain.intake import Intake
from domain.journal import Journal
from domain.record import encode


class WriteLatencies:
    """Collects the latencies that the publisher reports."""

    def __init__(self) -> None:
        self.writes_s: list[float] = []

    def acknowledged(self, latencies_s: Iterable[float]) -> None:
        """Add latencies of acknowledged records, in seconds."""
        self.writes_s += latencies_s

    def statistics(self, report: Mapping[str, Any]) -> None:
        """Ignore the client's statistics."""


def quantiles(name: str, values_s: list[float]) -> dict[str, float]:
    """Return the median, p99 and p99.9 in milliseconds, keyed by name."""
    values = sorted(values_s)
    return {f"{name}_p{q:g}_ms": values[int(len(values) * q / 100)] * 1000 for q in (50, 99, 99.9)}


def tapeline(servers: str, topic: str, url: str, frames: int) -> Run:
    """Publish frames with the producer's own parts. They are assembled here to observe the time at which a frame is read."""
    registry, latencies = CollectorRegistry(), WriteLatencies()
    read_at = 0.0

    def now_ms() -> int:
        # The feed calls this after it has read a frame and before it parses it.
        nonlocal read_at
        read_at = time.perf_counter()
        return system_clock()

    settings = KafkaSettings(bootstrap_servers=servers, trades_topic=topic, dead_letters_topic=f"{topic}.dlq")
    feed = FinnhubFeed(FinnhubSettings(url=url, token="bench"), now_ms=now_ms)  # noqa: S106 - a bench server takes any
    publisher = MeasuredPublisher(KafkaPublisher(settings, latencies), registry)
    ingest = Ingest(
        feed=MeasuredFeed(feed, registry),
        intake=MeasuredIntake(Intake(source="bench"), registry),
        publisher=publisher,
        now_ms=system_clock,
        journal=Journal(instance="bench", run="bench"),
    )
    feed.subscribe(symbols())
    publisher.start()
    feed.start()
    added_s: list[float] = []
    watch = Stopwatch()
    while (done := ingest.counts.frames) < frames:
        ingest.step(0.2)
        if ingest.counts.frames > done:
            added_s.append(time.perf_counter() - read_at)
        if ingest.counts.frames == frames // 4 > done:
            added_s.clear()
            latencies.writes_s.clear()
            watch = Stopwatch()
    deliveries = publisher.flush(TIMEOUT_S)
    assert (deliveries.pending, deliveries.failed) == (0, 0)
    run = watch.stop(len(latencies.writes_s), **quantiles("added", added_s), **quantiles("write", latencies.writes_s))
    feed.close()
    publisher.close()
    return run


def bare(servers: str, topic: str, file: str, frames: int, frames_per_s: float) -> Run:
    """Produce records of the same size at the same rate from memory, all trades of a frame at once."""
    producer = Producer(KafkaSettings(bootstrap_servers=servers).producer())
    batches = frames_to_records(file, frames)
    writes_s: list[float] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        assert error is None
        writes_s.append(message.latency() or 0.0)

    watch = Stopwatch()
    started_s = time.monotonic()
    for number, records in enumerate(batches):
        while (wait_s := started_s + number / frames_per_s - time.monotonic()) > 0:
            producer.poll(wait_s)
        for key, value in records:
            producer.produce(topic, value, key, on_delivery=delivered)
            producer.poll(0)
        if number == frames // 4:
            writes_s.clear()
            watch = Stopwatch()
    producer.flush(TIMEOUT_S)
    return watch.stop(len(writes_s), **quantiles("write", writes_s))


def frames_to_records(file: str, frames: int) -> list[list[tuple[bytes, bytes]]]:
    """Return keys and values of the records of each frame."""
    intake, now_ms = Intake(source="bench"), system_clock()
    messages = (parse_message(payload, now_ms) for payload in read_frames(file)[:frames])
    results = [intake.accept(message) for message in messages if isinstance(message, Frame)]
    return [[(trade.symbol.encode(), encode(trade)) for trade in result.trades] for result in results]


def main(mode: str, servers: str, topic: str, source: str, frames: str, frames_per_s: str) -> None:
    """Measure one variant."""
    tune_gc()
    if mode == "tapeline":
        tapeline(servers, topic, source, int(frames)).report()
    else:
        bare(servers, topic, source, int(frames), float(frames_per_s)).report()


if __name__ == "__main__":
    main(*sys.argv[1:])
