"""A correction writes the values of the stored trades, and gives way to what the stream writes meanwhile."""

from __future__ import annotations

import time
from decimal import Decimal

import attrs
import pytest

from domain.eligible_view import EligibleView
from domain.window import MINUTE_MS, day_start_ms
from tests.contract.stores import fresh_symbol, make_trade

from .tables import NOON_MS, YESTERDAY, Tables, candles_of, kinds, some_trades

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]
HOUR_US = 3_600_000_000


def test_both_views_are_corrected_by_the_conditions_of_stored_trades(tables: Tables) -> None:
    symbol = fresh_symbol().replace(":", "-")
    stock = {"venue": "US", "asset_class": "stock"}
    trades = [
        make_trade(symbol, NOON_MS, price=Decimal(100), conditions=("1",), **stock),
        make_trade(symbol, NOON_MS + 1, price=Decimal(120), conditions=("1", "12"), **stock),
        make_trade(symbol, NOON_MS + 2, price=Decimal(90), conditions=("16",), **stock),
        make_trade(symbol, NOON_MS + MINUTE_MS, price=Decimal(80), conditions=("12",), **stock),
    ]
    [first, second] = candles_of(trades)
    assert (first.high, first.eligible.high, second.eligible.open) == (Decimal(120), Decimal(100), None)
    tables.trades.write(trades)
    # As if all trades had been eligible, and as a row from before there was an eligible view.
    tables.candles.write(candles_of(attrs.evolve(one, conditions=()) for one in trades))
    assert kinds(tables.reconcile(symbol)[1]) == [("changed", 0), ("changed", 1)]
    assert tables.stored(symbol) == [first, second]
    assert tables.ask("eligible_open", symbol, NOON_MS + MINUTE_MS) is None
    tables.candles.write([attrs.evolve(first, eligible=EligibleView())])
    assert kinds(tables.reconcile(symbol)[1]) == [("changed", 0)]
    assert tables.stored(symbol) == [first, second]


def test_a_candle_of_price_updates_alone_loses_an_old_vwap(tables: Tables) -> None:
    symbol = fresh_symbol()
    updates = [attrs.evolve(one, volume=Decimal(0)) for one in some_trades(symbol, 3)]
    tables.candles.write(candles_of(some_trades(symbol, 3)))
    tables.trades.write(updates)
    assert "vwap" in tables.reconcile(symbol)[1][0].values
    assert tables.reconcile(symbol)[1] == []
    assert tables.ask("vwap", symbol) is None


def test_what_the_stream_writes_meanwhile_stays(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol, 4)
    tables.trades.write(trades)
    streamed = candles_of([*trades, make_trade(symbol, NOON_MS + 59_000)])
    # Between reading and writing.
    tables.reconcile(symbol, report=lambda _difference: tables.candles.write(streamed))
    assert tables.stored(symbol) == streamed


def test_a_correction_replaces_a_candle_whose_write_time_is_ahead_of_the_clock(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol, 4)
    tables.trades.write(trades)
    tables.candles.write(candles_of(trades[:3]))
    ahead_us = time.time_ns() // 1000 + HOUR_US
    # One column alone is ahead, and it is not the first.
    tables.update(symbol, "close = 1", written_us=ahead_us)
    summary, found = tables.reconcile(symbol)
    assert (kinds(found), summary.written) == ([("changed", 0)], 1)
    assert tables.ask("close", symbol) == trades[-1].price
    assert tables.ask("trade_count", symbol) == len(trades)
    assert tables.ask("WRITETIME(close)", symbol) == ahead_us + 1
    assert tables.reconcile(symbol)[1] == []


def test_what_the_stream_writes_meanwhile_stays_also_when_write_times_are_ahead_of_the_clock(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol, 4)
    tables.trades.write(trades)
    tables.candles.write(candles_of(trades[:3]))
    ahead_us = time.time_ns() // 1000 + HOUR_US
    tables.update(symbol, "close = 1", written_us=ahead_us)
    # The next micro-batch of a stream whose clock was set back.
    tables.reconcile(symbol, report=lambda _difference: tables.update(symbol, "close = 2", written_us=ahead_us + 2))
    assert tables.ask("close", symbol) == 2


def test_a_corrected_candle_expires_with_its_day(tables: Tables) -> None:
    symbol = fresh_symbol()
    tables.trades.write(some_trades(symbol, 1))
    tables.reconcile(symbol)
    ttl_s = tables.ask("TTL(high)", symbol)
    left_s = day_start_ms(YESTERDAY) // 1000 + 91 * 86_400 - time.time()
    assert isinstance(ttl_s, int)
    assert left_s - 5 < ttl_s < left_s + 300
