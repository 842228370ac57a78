"""An adapter that is measured keeps every promise of its port."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import pytest
from prometheus_client import CollectorRegistry

from adapters.memory.stores import MemoryCandleStore, MemoryTradeStore
from adapters.prometheus.feed import MeasuredFeed
from adapters.prometheus.publisher import MeasuredPublisher
from adapters.prometheus.stores import MeasuredCandleStore, MeasuredTradeStore, StoreMetrics
from ports.candle_store import CandleStore
from ports.feed import Feed
from ports.publisher import Publisher
from ports.trade_store import TradeStore

from . import test_feed as feeds
from .brokers import Broker, InMemory
from .candle_store_contract import CandleStoreContract
from .feed_contract import FeedContract
from .publisher_contract import PublisherContract
from .trade_store_contract import TradeStoreContract


class MeasuredInMemory(InMemory):
    def new_publisher(self, buffer: int | None = None) -> Publisher:
        return MeasuredPublisher(super().new_publisher(buffer), CollectorRegistry(), buffer_records=buffer)


@pytest.fixture
def broker() -> Broker:
    return MeasuredInMemory()


@pytest.fixture
def small_broker() -> Broker:
    return MeasuredInMemory(capacity=10)


class TestMeasuredPublisher(PublisherContract):
    pass


class TestMeasuredTradeStore(TradeStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Iterator[TradeStore]:
        store = MeasuredTradeStore(MemoryTradeStore(), StoreMetrics(CollectorRegistry()))
        store.start()
        yield store
        store.close()


class TestMeasuredCandleStore(CandleStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Iterator[CandleStore]:
        store = MeasuredCandleStore(MemoryCandleStore(), StoreMetrics(CollectorRegistry()))
        store.start()
        yield store
        store.close()


class TestMeasuredFeed(FeedContract):
    @contextmanager
    def _feeding(self, payloads: Sequence[bytes], speed: float | None) -> Iterator[Feed]:
        with feeds.TestMemoryFeed().feeding(payloads, speed=speed) as feed:
            measured = MeasuredFeed(feed, CollectorRegistry())
            yield measured
            measured.close()

    def feeding(self, payloads: Sequence[bytes], *, speed: float | None = None) -> AbstractContextManager[Feed]:
        return self._feeding(payloads, speed)
