"""The stores in memory keep the promises of stores."""

from collections.abc import Iterator

import pytest

from adapters.memory.stores import MemoryCandleStore, MemoryTradeStore
from ports.candle_store import CandleStore
from ports.trade_store import TradeStore
from tests.contract.candle_store_contract import CandleStoreContract
from tests.contract.trade_store_contract import TradeStoreContract


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
