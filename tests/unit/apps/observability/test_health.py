from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from adapters.memory.broker import MemoryBroker
from adapters.memory.feed import MemoryFeed
from adapters.memory.publisher import MemoryPublisher
from adapters.prometheus.aggregator import AggregatorMetrics
from adapters.prometheus.feed import MeasuredFeed
from adapters.prometheus.kafka_client import KafkaClientMetrics
from adapters.prometheus.publisher import MeasuredPublisher
from apps.observability.health import Health, Heartbeat, aggregator_health, live_health, producer_health
from domain.feed import FeedEvent, FeedEventKind
from tests.contract.brokers import make_trade
from tests.support.kafka_statistics import broker, report


class Producer:
    """The parts of a producer, with a clock that the test sets; the broker in memory acknowledges only what it is asked about."""

    def __init__(self, buffer_records: int = 10) -> None:
        self.now_s = 0.0
        registry = CollectorRegistry()
        self.inner = MemoryFeed()
        self.feed = MeasuredFeed(self.inner, registry, monotonic=self._now)
        self.publisher = MeasuredPublisher(
            MemoryPublisher(MemoryBroker()), registry, buffer_records=buffer_records, monotonic=self._now
        )
        self.client = KafkaClientMetrics(registry, monotonic=self._now)
        self.feed.start()
        self.publisher.start()

    def _now(self) -> float:
        return self.now_s

    @property
    def health(self) -> Health:
        return producer_health(self.feed, self.publisher, self.client)

    def tell(self, kind: FeedEventKind) -> None:
        self.inner.push(FeedEvent(kind=kind, at_ms=0))
        self.feed.read(0)


@pytest.fixture
def producer() -> Producer:
    """One that does its work."""
    producer = Producer()
    producer.tell(FeedEventKind.CONNECTED)
    producer.client.statistics(report(broker(1)))
    return producer


def test_a_producer_that_begins_is_alive_and_not_ready() -> None:
    health = Producer().health
    assert list(health.stalled()) == []
    assert list(health.unready()) == ["the feed is not connected", "no broker answers"]


def test_a_producer_is_ready_once_feed_and_broker_are_there(producer: Producer) -> None:
    assert list(producer.health.unready()) == []


def test_a_lost_feed_is_named(producer: Producer) -> None:
    producer.tell(FeedEventKind.DISCONNECTED)
    assert list(producer.health.unready()) == ["the feed is not connected"]


def test_a_lost_broker_is_named(producer: Producer) -> None:
    producer.client.statistics(report(broker(1, state="DOWN")))
    assert list(producer.health.unready()) == ["no broker answers"]


def test_a_full_buffer_is_named(producer: Producer) -> None:
    # After the first one, nobody asks about deliveries for a while.
    for number in range(11):
        producer.publisher.publish(make_trade(number))
    [reason] = producer.health.unready()
    assert "backpressure" in reason
    producer.publisher.flush(0)
    assert list(producer.health.unready()) == []


def test_a_producer_that_waits_for_a_broker_is_alive(producer: Producer) -> None:
    producer.now_s = 100.0
    producer.client.statistics(report(broker(1, state="DOWN")))
    assert list(producer.health.stalled()) == []


def test_a_producer_that_stands_still_is_not(producer: Producer) -> None:
    producer.now_s = 31.0
    assert list(producer.health.stalled()) == ["the loop has not run for 31 s"]


def test_a_program_without_kafka_needs_its_feed_alone() -> None:
    producer = Producer()
    health = live_health(producer.feed)
    assert list(health.unready()) == ["the feed is not connected"]
    producer.tell(FeedEventKind.CONNECTED)
    assert list(health.unready()) == []
    producer.now_s = 31.0
    assert list(health.stalled()) == ["the loop has not run for 31 s"]


def test_an_aggregator_is_ready_while_both_queries_run_and_work() -> None:
    now = [0.0]
    metrics = AggregatorMetrics(CollectorRegistry(), ("trades", "candles"), now_s=lambda: now[0])
    health = aggregator_health(metrics, ("trades", "candles"), Heartbeat())
    metrics.started("trades")
    assert list(health.unready()) == ["the query candles does not run"]
    metrics.started("candles")
    assert list(health.unready()) == []
    now[0] = 61.0
    metrics.idle("trades")
    assert list(health.unready()) == ["the query candles has finished no micro-batch for 61 s"]


def test_an_aggregator_that_has_not_begun_its_loop_is_alive() -> None:
    metrics = AggregatorMetrics(CollectorRegistry(), ())
    assert list(aggregator_health(metrics, (), Heartbeat()).stalled()) == []
