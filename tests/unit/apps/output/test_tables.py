"""Rows of text are exact, plain, and the same for CSV and JSON."""

import csv
import io
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.output.tables import (
    CANDLE_COLUMNS,
    TRADE_COLUMNS,
    amount,
    candle_json,
    candle_row,
    json_line,
    trade_row,
    write_csv,
    write_jsonl,
)
from domain.candle import Candle
from domain.trade import Trade
from domain.window import MINUTE_MS
from tests.contract.stores import MIDNIGHT_MS, make_candle, make_trade
from tests.support import strategies


def test_a_candle_has_the_columns_that_were_promised() -> None:
    assert ",".join(CANDLE_COLUMNS) == (
        "window_start,symbol,open,high,low,close,volume,trade_count,update_count,notional,vwap,"
        "eligible_open,eligible_high,eligible_low,eligible_close,eligible_volume,eligible_count,eligible_vwap"
    )
    assert tuple(candle_row(make_candle("A"))) == CANDLE_COLUMNS
    assert tuple(trade_row(make_trade("A"))) == TRADE_COLUMNS


def test_times_are_utc_and_of_trades_to_the_millisecond() -> None:
    assert candle_row(make_candle("A", MIDNIGHT_MS))["window_start"] == "2019-10-11T00:00:00+00:00"
    assert trade_row(make_trade("A", MIDNIGHT_MS))["timestamp"] == "2019-10-11T00:00:00.000+00:00"
    assert trade_row(make_trade("A", MIDNIGHT_MS + 11_620))["timestamp"] == "2019-10-11T00:00:11.620+00:00"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.00141342", "0.00141342"),
        ("1482", "1482.00000000"),
        ("1E+3", "1000.00000000"),
        ("1E-8", "0.00000001"),
        ("0", "0.00000000"),
        ("0.0000000000000001", "0.0000000000000001"),
        ("1.5000000000000000", "1.50000000"),
        ("9999999999999999999999.9999999999999999", "9999999999999999999999.9999999999999999"),
    ],
)
def test_numbers_are_plain_and_have_8_decimals_or_as_many_as_they_need(value: str, text: str) -> None:
    assert amount(Decimal(value)) == text


@given(st.decimals(min_value=0, max_value=10**22, places=16))
def test_no_number_is_rounded(value: Decimal) -> None:
    assert Decimal(amount(value)) == value


@given(strategies.trades(), st.sampled_from([1, 1_000, 60_000]))
def test_json_and_csv_say_the_same(trade: Trade, window_ms: int) -> None:
    for columns, row, line in (
        (TRADE_COLUMNS, trade_row(trade), json_line(trade_row(trade))),
        (CANDLE_COLUMNS, candle_row(Candle.of(trade, window_ms)), candle_json(Candle.of(trade, window_ms))),
    ):
        out = io.StringIO()
        assert write_csv(out, columns, [row]) == 1
        [read_back] = csv.DictReader(io.StringIO(out.getvalue(), newline=""))
        assert read_back == row
        found = json.loads(line, parse_float=str, parse_int=str)
        assert {name: value or "" for name, value in found.items()} == row


def test_what_does_not_exist_is_empty_and_null() -> None:
    candle = make_candle("A", volume=Decimal(0), notional=Decimal(0))
    assert candle_row(candle)["vwap"] == ""
    assert json.loads(candle_json(candle))["vwap"] is None


def test_eligible_prices_that_do_not_exist_are_empty_and_null_beside_their_volume() -> None:
    odd_lot = make_trade("CAT", conditions=("1", "12"), volume=Decimal(7), venue="US", asset_class="stock")
    candle = Candle.of(odd_lot, MINUTE_MS)
    row, values = candle_row(candle), json.loads(candle_json(candle))
    for name in ("eligible_open", "eligible_high", "eligible_low", "eligible_close", "eligible_vwap"):
        assert (row[name], values[name]) == ("", None)
    assert (row["eligible_volume"], row["eligible_count"]) == ("7.00000000", "1")
    assert (values["eligible_volume"], values["eligible_count"]) == (7, 1)


def test_no_rows_leave_nothing() -> None:
    out = io.StringIO()
    assert write_csv(out, CANDLE_COLUMNS, []) == 0
    assert write_jsonl(out, []) == 0
    assert out.getvalue() == ""
