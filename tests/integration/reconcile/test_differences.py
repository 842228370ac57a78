"""Reconciling finds the candles of a day that differ from its stored trades, on a real Cassandra."""

from __future__ import annotations

import time
from datetime import timedelta

import attrs
import pytest

from adapters.spark.reconciling import Difference, Request, reconcile
from domain.reconciliation import DayError
from domain.window import MINUTE_MS, day_start_ms, to_datetime
from tests.contract.stores import fresh_symbol, make_trade

from .tables import MARGIN_MS, NOON_MS, YESTERDAY, Tables, candles_of, kinds, some_trades, spark_settings

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]
LATE_AT_ALL_MS = MARGIN_MS + MINUTE_MS


def test_missing_and_changed_candles_are_reported_and_corrected_once(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol)
    whole = candles_of(trades)
    tables.trades.write(trades)
    # The first is right, the second lacks a trade, the third is not there.
    lacking = candles_of([one for one in trades if one != trades[7]])
    tables.candles.write([whole[0], lacking[1]])
    before = tables.stored(symbol)

    summary, found = tables.reconcile(symbol, dry_run=True)
    assert kinds(found) == [("changed", 1), ("missing", 2)]
    assert (summary.changed, summary.missing, summary.extra, summary.written, summary.candles) == (1, 1, 0, 0, 3)
    values = found[0].values
    assert values["volume"] == (lacking[1].volume, whole[1].volume)
    assert values["trade_count"] == (3, 4)
    assert values["close_timestamp"] == (trades[6].timestamp_ms, trades[7].timestamp_ms)
    assert "open" not in values
    assert tables.stored(symbol) == before

    summary, again = tables.reconcile(symbol)
    assert (again, summary.written) == (found, 2)
    assert tables.stored(symbol) == whole
    summary, found = tables.reconcile(symbol)
    assert (found, summary.differences, summary.written) == ([], 0, 0)


def test_each_column_is_compared(tables: Tables) -> None:
    damage = dict.fromkeys(("open", "high", "low", "close", "volume", "notional", "vwap"), "0.00000001")
    damage |= {"trade_count": "0", "update_count": "7", "open_timestamp": "1", "open_trade_id": "'x'"}
    damage |= {"close_timestamp": "1", "close_trade_id": "'x'"}
    damage |= {f"eligible_{name}": value for name, value in damage.items() if not name.endswith("_count")}
    damage |= {"eligible_count": "0", "eligible_vwap_volume": "null"}
    symbols = {fresh_symbol(): field for field in damage}
    for symbol, field in symbols.items():
        trades = some_trades(symbol, 3)
        tables.candles.write(candles_of(trades))
        # One is long after: without it, a candle that counts more trades may only be early.
        tables.trades.write([*trades, make_trade(symbol, NOON_MS + LATE_AT_ALL_MS + MINUTE_MS)])
        tables.update(symbol, f"{field} = {damage[field]}", written_us=time.time_ns() // 1_000)
    _, found = tables.reconcile(*symbols)
    changed = {one.symbol: list(one.values) for one in found if one.kind == "changed"}
    assert changed == {symbol: [field] for symbol, field in symbols.items()}
    assert all(tables.stored(symbol)[:1] == candles_of(some_trades(symbol, 3)) for symbol in symbols)


def test_a_candle_without_trades_is_reported_and_never_deleted(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol)
    tables.candles.write(candles_of(trades))
    tables.trades.write(trades[4:])
    later = make_trade(symbol, NOON_MS + 3 * LATE_AT_ALL_MS)
    tables.trades.write([later])
    for _ in range(2):
        summary, found = tables.reconcile(symbol)
        assert ("extra", 0) in kinds(found)
        assert summary.extra == 1
    assert tables.stored(symbol) == candles_of([*trades, later])


def test_a_candle_that_counts_more_trades_is_corrected_when_later_trades_are_stored(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol, 4)
    twice = candles_of([*trades, *trades])
    tables.candles.write(twice)
    tables.trades.write(trades)
    # Its trades may still be on their way: nothing newer is there.
    assert tables.reconcile(symbol)[1] == []
    assert tables.stored(symbol) == twice
    tables.trades.write([make_trade(symbol, NOON_MS + 86_400_000)])
    assert kinds(tables.reconcile(symbol)[1]) == [("changed", 0)]
    assert tables.stored(symbol)[:1] == candles_of(trades)


def test_open_windows_are_not_corrected(tables: Tables) -> None:
    symbol = fresh_symbol()
    now_ms = NOON_MS + 10 * MINUTE_MS
    trades = some_trades(symbol, 40)
    tables.trades.write(trades)
    wanted = Request(day=YESTERDAY, symbols=(symbol,), margin_ms=MARGIN_MS)
    found: list[Difference] = []
    reconcile(tables.session, spark_settings(tables.settings), wanted, found.append, now_ms=lambda: now_ms)
    # The window that ended exactly so long ago is the last.
    assert kinds(found) == [("missing", n) for n in range(4)]
    assert tables.stored(symbol) == candles_of(trades)[:4]


def test_without_names_all_symbols_of_the_day_are_reconciled_and_no_other_day(tables: Tables) -> None:
    names = [fresh_symbol("it's"), fresh_symbol(), fresh_symbol()]
    tables.trades.write(some_trades(names[0], 1))
    tables.candles.write(candles_of(some_trades(names[1], 1)))
    tables.trades.write(some_trades(names[2], 1, NOON_MS + 86_400_000))
    summary, found = tables.reconcile(dry_run=True)
    reported = {one.symbol: one.kind for one in found}
    assert (reported[names[0]], reported.get(names[1])) == ("missing", "extra")
    assert names[2] not in reported
    assert summary.symbols >= 2
    assert {one.symbol for one in tables.reconcile(names[0])[1]} == {names[0]}


@pytest.mark.parametrize("window_ms", [7_777, 7 * 3_600_000])
def test_windows_that_do_not_divide_a_day_are_whole(tables: Tables, window_ms: int) -> None:
    symbol = fresh_symbol()
    start_ms = day_start_ms(YESTERDAY) - 86_400_000
    trades = some_trades(symbol, 120, start_ms, 1_900_000)
    tables.trades.write(trades)
    settings = attrs.evolve(spark_settings(tables.settings), window_ms=window_ms)
    day = YESTERDAY - timedelta(days=1)
    reconcile(
        tables.session, settings, Request(day=day, symbols=(symbol,), margin_ms=0), lambda _one: None,
    )  # fmt: skip
    expected = [one for one in candles_of(trades, window_ms) if to_datetime(one.window_start_ms).date() == day]
    assert list(tables.candles.read(symbol, start_ms - window_ms, start_ms + 5 * 86_400_000, window_ms)) == expected


def test_a_day_whose_trades_have_expired_is_refused(tables: Tables) -> None:
    symbol = fresh_symbol()
    day = YESTERDAY - timedelta(days=40)
    tables.candles.write(candles_of(some_trades(symbol, 4, day_start_ms(day))))
    with pytest.raises(DayError, match="30 days"):
        tables.reconcile(symbol, day=day)
