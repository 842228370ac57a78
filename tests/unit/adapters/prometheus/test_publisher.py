from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from adapters.memory.broker import MemoryBroker
from adapters.memory.publisher import MemoryPublisher
from adapters.prometheus.publisher import MeasuredPublisher
from ports.errors import BrokerError
from ports.publisher import Deliveries, Publishable
from tests.contract.brokers import make_dead_letter, make_event, make_trade
from tests.support.scraping import scrape


class SlowPublisher:
    """A publisher whose broker acknowledges when the test decides."""

    def __init__(self) -> None:
        self.published = 0
        self.acknowledged = 0
        self.failed = 0

    def start(self) -> None:
        pass

    def publish(self, *items: Publishable) -> None:
        self.published += len(items)

    def flush(self, timeout_s: float) -> Deliveries:
        pending = self.published - self.acknowledged - self.failed
        completed_prefix = self.acknowledged + self.failed
        return Deliveries(
            acknowledged=self.acknowledged, failed=self.failed, pending=pending, completed_prefix=completed_prefix
        )

    def close(self) -> None:
        self.failed = self.published - self.acknowledged


def test_items_are_counted_by_what_they_are() -> None:
    registry = CollectorRegistry()
    publisher = MeasuredPublisher(MemoryPublisher(MemoryBroker()), registry)
    publisher.start()
    for item in (make_trade(), make_trade(1), make_dead_letter(), make_event()):
        publisher.publish(item)
    publisher.flush(0)
    found = scrape(registry)
    assert found.value("tapeline_publisher_published_total", item="trade") == 2
    assert found.value("tapeline_publisher_published_total", item="dead_letter") == 1
    assert found.value("tapeline_publisher_published_total", item="event") == 1
    assert found.value("tapeline_publisher_acknowledged_total") == 4
    assert found.value("tapeline_publisher_pending_records") == 0


def test_what_was_refused_was_not_published() -> None:
    registry = CollectorRegistry()
    publisher = MeasuredPublisher(MemoryPublisher(MemoryBroker()), registry)
    with pytest.raises(BrokerError):
        publisher.publish(make_trade())
    assert scrape(registry).total("tapeline_publisher_published_total") == 0


def test_what_is_not_acknowledged_is_pending_at_once() -> None:
    slow, registry = SlowPublisher(), CollectorRegistry()
    publisher = MeasuredPublisher(slow, registry, buffer_records=3, monotonic=lambda: 0.0)
    for number in range(3):
        publisher.publish(make_trade(number))
    assert scrape(registry).value("tapeline_publisher_pending_records") == 3
    assert publisher.is_full
    slow.acknowledged = 2
    publisher.flush(0)
    assert scrape(registry).value("tapeline_publisher_pending_records") == 1
    assert not publisher.is_full


def test_a_busy_publisher_learns_of_acknowledgements_without_being_flushed() -> None:
    slow, registry, now = SlowPublisher(), CollectorRegistry(), [0.0]
    publisher = MeasuredPublisher(slow, registry, monotonic=lambda: now[0])
    publisher.publish(make_trade())
    slow.acknowledged = 1
    now[0] = 1.0
    publisher.publish(make_trade(1))
    assert scrape(registry).value("tapeline_publisher_acknowledged_total") == 1


def test_what_closing_lets_go_counts_as_failed() -> None:
    slow, registry = SlowPublisher(), CollectorRegistry()
    publisher = MeasuredPublisher(slow, registry)
    publisher.publish(make_trade())
    publisher.close()
    assert scrape(registry).value("tapeline_publisher_failed_total") == 1


def test_a_buffer_of_unknown_size_is_not_exported_and_never_full() -> None:
    registry = CollectorRegistry()
    publisher = MeasuredPublisher(SlowPublisher(), registry)
    publisher.publish(make_trade())
    assert "tapeline_publisher_buffer_records" not in scrape(registry).names()
    assert not publisher.is_full
