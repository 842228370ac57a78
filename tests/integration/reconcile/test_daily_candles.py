"""Reconciling stores the candle of a whole day, with its official prices."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from adapters.cassandra.daily_candle_store import CassandraDailyCandleStore
from adapters.exchange_calendar.markets import NYSE, calendar_of_symbol
from adapters.spark.daily_candles import store_daily_candles
from adapters.spark.reconciling import Request
from domain.daily_candle import DailyCandle
from domain.official_prices import PriceSource
from domain.rollup import DayHours
from domain.window import day_start_ms
from tests.contract.stores import fresh_symbol, make_trade

from .tables import NOON_MS, YESTERDAY, Tables, candles_of, some_trades, spark_settings

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


def stored_days(tables: Tables, symbol: str, **request: object) -> list[DailyCandle]:
    """Store the candle of yesterday as the command does, and read it."""
    wanted = Request(**{"day": YESTERDAY, "symbols": (symbol,), "margin_ms": 0, **request})  # type: ignore[arg-type]
    tomorrow_ms = day_start_ms(YESTERDAY) + 2 * 86_400_000
    settings = spark_settings(tables.settings)
    store_daily_candles(tables.session, settings, wanted, calendar_of_symbol, now_ms=lambda: tomorrow_ms)
    with CassandraDailyCandleStore(tables.settings) as days:
        return list(days.read(symbol, YESTERDAY, YESTERDAY))


def test_the_candle_of_the_day_is_stored_once_and_corrected_by_the_next_run(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol)
    tables.trades.write(trades)
    [found] = stored_days(tables, symbol)
    [expected] = candles_of(trades, 86_400_000)
    assert found.candle == expected
    assert (found.day, found.hours, found.expected_ms, found.covered_ms) == (
        YESTERDAY,
        DayHours.REGULAR,
        86_400_000,
        None,
    )
    assert stored_days(tables, symbol) == [found]
    # The coverage that a report stored stays.
    with CassandraDailyCandleStore(tables.settings) as days:
        days.write([attrs.evolve(found, covered_ms=7)])
    late = make_trade(symbol, NOON_MS + 5, price=Decimal(1_000))
    tables.trades.write([late])
    [again] = stored_days(tables, symbol)
    assert again == attrs.evolve(found, candle=candles_of([*trades, late], 86_400_000)[0], covered_ms=7)


def test_official_prices_are_stored_with_the_day_and_deleted_when_they_are_gone(tables: Tables) -> None:
    symbol = fresh_symbol().replace(":", "-")
    stock = {"venue": "US", "asset_class": "stock"}
    day = next(
        found for found in (YESTERDAY - timedelta(days=age) for age in range(7)) if NYSE.hours(found) is not None
    )
    hours = NYSE.hours(day)
    assert hours is not None
    trades = [
        make_trade(symbol, hours.regular_start_ms, price=Decimal(100), conditions=("18",), **stock),
        make_trade(symbol, hours.regular_end_ms, price=Decimal(101), conditions=("36",), **stock),
        make_trade(symbol, hours.post_end_ms - 1, price=Decimal(102), conditions=("16",), **stock),
    ]
    tables.trades.write(trades)
    tables.trades.write(
        [make_trade(symbol, hours.regular_start_ms + 1, price=Decimal(99), conditions=("12",), **stock)]
    )
    wanted = Request(day=day, symbols=(symbol,), margin_ms=0)
    store_daily_candles(
        tables.session,
        spark_settings(tables.settings),
        wanted,
        calendar_of_symbol,
        now_ms=lambda: hours.post_end_ms + 3_600_000,
    )
    with CassandraDailyCandleStore(tables.settings) as days:
        [found] = days.read(symbol, day, day)
    assert found.candle.trade_count == 2
    assert (found.candle.low, found.candle.eligible.low) == (Decimal(99), Decimal(100))
    assert found.official_open is not None
    assert found.official_close is not None
    assert (found.official_open.key, found.official_open.source) == (trades[0].key, PriceSource.AUCTION)
    assert (found.official_close.key, found.official_close.source) == (trades[2].key, PriceSource.OFFICIAL)


def test_a_day_that_is_not_over_or_whose_trades_expire_is_not_stored(tables: Tables) -> None:
    symbol = fresh_symbol()
    tables.trades.write(some_trades(symbol))
    settings = spark_settings(tables.settings)
    wanted = Request(day=YESTERDAY, symbols=(symbol,), margin_ms=0)
    for now_ms in (NOON_MS, NOON_MS + 40 * 86_400_000):
        assert (
            store_daily_candles(
                tables.session, settings, wanted, calendar_of_symbol, now_ms=lambda now_ms=now_ms: now_ms
            )
            == 0
        )
