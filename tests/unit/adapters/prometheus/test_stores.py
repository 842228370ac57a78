from __future__ import annotations

from collections.abc import Iterable

import pytest
from prometheus_client import CollectorRegistry

from adapters.memory.stores import MemoryCandleStore, MemoryTradeStore
from adapters.prometheus.stores import MeasuredCandleStore, MeasuredTradeStore, StoreMetrics
from domain.trade import Trade
from ports.errors import StoreError
from tests.contract.stores import fresh_symbol, make_candle, make_trade
from tests.support.scraping import scrape


class BrokenStore(MemoryTradeStore):
    def write(self, trades: Iterable[Trade]) -> None:
        raise StoreError("no disk")


def test_rows_and_writes_are_counted_by_store() -> None:
    registry = CollectorRegistry()
    metrics = StoreMetrics(registry)
    trades = MeasuredTradeStore(MemoryTradeStore(), metrics)
    candles = MeasuredCandleStore(MemoryCandleStore(), metrics)
    trades.start()
    candles.start()
    symbol = fresh_symbol()
    trades.write(make_trade(symbol, trade_id=f"{number:04}-00000000") for number in range(3))
    trades.write([])
    candles.write([make_candle(symbol)])
    found = scrape(registry)
    assert found.value("tapeline_store_rows_total", store="trades") == 3
    assert found.value("tapeline_store_rows_total", store="candles") == 1
    assert found.value("tapeline_store_write_seconds_count", store="trades") == 1
    assert found.value("tapeline_store_failures_total", store="trades") == 0


def test_a_write_that_fails_is_counted_and_told() -> None:
    registry = CollectorRegistry()
    store = MeasuredTradeStore(BrokenStore(), StoreMetrics(registry))
    with pytest.raises(StoreError):
        store.write([make_trade(fresh_symbol())])
    found = scrape(registry)
    assert found.value("tapeline_store_failures_total", store="trades") == 1
    assert found.value("tapeline_store_rows_total", store="trades") == 0
