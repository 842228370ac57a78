"""The differences of a reconciliation as a table and as JSON."""

import json
from decimal import Decimal
from typing import Any

import pytest

from adapters.spark.reconciling import Difference
from apps.output.difference_tables import difference_json, print_differences
from tests.contract.stores import NOON_MS

CHANGED = Difference(
    kind="changed",
    symbol="AAPL",
    window_start_ms=NOON_MS,
    values={
        "volume": (Decimal(10), Decimal(6)),
        "trade_count": (3, 4),
        "vwap": (None, Decimal("1.5")),
        "open_timestamp": (NOON_MS + 1, NOON_MS),
        "open_trade_id": ("0001-00000000", "0000-00000000"),
    },
)
MISSING = Difference(
    kind="missing",
    symbol="BINANCE:BTCUSDT",
    window_start_ms=NOON_MS,
    values={"high": (None, Decimal(7)), "trade_count": (None, 4), "update_count": (None, 0)},
)
EXTRA = Difference(
    kind="extra",
    symbol="AAPL",
    window_start_ms=NOON_MS,
    values={"high": (Decimal(7), None), "trade_count": (4, None)},
)


def test_a_changed_candle_has_a_line_for_each_column_and_others_for_their_counts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_differences([CHANGED, MISSING, EXTRA])
    header, *lines = map(str.split, capsys.readouterr().out.splitlines())
    noon = "2019-10-11T12:00:00+00:00"
    assert header == ["kind", "symbol", "window_start", "column", "stored", "computed", "difference"]
    assert lines == [
        ["changed", "AAPL", noon, "volume", "10.00000000", "6.00000000", "-4.00000000"],
        ["changed", "AAPL", noon, "trade_count", "3", "4", "+1"],
        ["changed", "AAPL", noon, "vwap", "1.50000000"],
        ["changed", "AAPL", noon, "open_timestamp", "2019-10-11T12:00:00.001+00:00", noon],
        ["changed", "AAPL", noon, "open_trade_id", "0001-00000000", "0000-00000000"],
        ["missing", "BINANCE:BTCUSDT", noon, "trade_count", "4"],
        ["missing", "BINANCE:BTCUSDT", noon, "update_count", "0"],
        ["extra", "AAPL", noon, "trade_count", "4"],
    ]


def test_without_differences_there_is_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_differences([])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        (
            CHANGED,
            {
                "volume": {"stored": 10, "computed": 6, "difference": -4},
                "trade_count": {"stored": 3, "computed": 4, "difference": 1},
                "vwap": {"stored": None, "computed": 1.5},
                "open_timestamp": {
                    "stored": "2019-10-11T12:00:00.001+00:00",
                    "computed": "2019-10-11T12:00:00+00:00",
                },
                "open_trade_id": {"stored": "0001-00000000", "computed": "0000-00000000"},
            },
        ),
        (
            MISSING,
            {
                "high": {"stored": None, "computed": 7},
                "trade_count": {"stored": None, "computed": 4},
                "update_count": {"stored": None, "computed": 0},
            },
        ),
        (EXTRA, {"high": {"stored": 7, "computed": None}, "trade_count": {"stored": 4, "computed": None}}),
    ],
    ids=["changed", "missing", "extra"],
)
def test_json_has_every_column_of_a_difference(difference: Difference, expected: dict[str, Any]) -> None:
    assert json.loads(difference_json(difference)) == {
        "kind": difference.kind,
        "symbol": difference.symbol,
        "window_start": "2019-10-11T12:00:00+00:00",
        "columns": expected,
    }
