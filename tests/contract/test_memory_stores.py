"""The stores in memory keep the promises of stores."""

from collections.abc import Iterator

import pytest

from adapters.memory.daily_candle_store import MemoryDailyCandleStore
from adapters.memory.event_store import MemoryEventStore
from adapters.memory.report_store import MemoryReportStore
from adapters.memory.stores import MemoryCandleStore, MemoryTradeStore
from ports.candle_history import CandleHistory
from ports.candle_store import CandleStore
from ports.daily_candle_store import DailyCandleStore
from ports.event_store import EventStore
from ports.report_store import ReportStore
from ports.trade_store import TradeStore

from .candle_history_contract import CandleHistoryContract
from .candle_store_contract import CandleStoreContract
from .daily_candle_store_contract import DailyCandleStoreContract
from .event_store_contract import EventStoreContract
from .report_store_contract import ReportStoreContract
from .trade_store_contract import TradeStoreContract


class TestMemoryTradeStore(TradeStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Iterator[TradeStore]:
        with MemoryTradeStore() as store:
            yield store


class TestMemoryCandleStore(CandleStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Iterator[CandleStore]:
        with MemoryCandleStore() as store:
            yield store


class TestMemoryCandleHistory(CandleHistoryContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Iterator[CandleHistory]:
        with MemoryCandleStore() as store:
            yield store


class TestMemoryEventStore(EventStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Iterator[EventStore]:
        with MemoryEventStore() as store:
            yield store


class TestMemoryReportStore(ReportStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Iterator[ReportStore]:
        with MemoryReportStore() as store:
            yield store


class TestMemoryDailyCandleStore(DailyCandleStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Iterator[DailyCandleStore]:
        with MemoryDailyCandleStore() as store:
            yield store
