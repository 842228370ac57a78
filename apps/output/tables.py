"""Candles and trades as text: one row for each, with the columns below, for CSV, JSON lines and tables.

- Times are ISO 8601, UTC: `2019-10-11T00:00:00+00:00`; of trades, with milliseconds.
- Numbers are exact and plain: at least 8 decimals, never an exponent, never rounded. A price that does not exist is empty, in JSON null: the vwap
  of a window without a trade of size, and the eligible prices of a window in which no trade may set them.
- JSON is one object a line, with the same names; numbers are JSON numbers with every digit.
"""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final, TextIO, TypeVar

from domain.candle import Candle
from domain.decimals import SCALE, decimals
from domain.trade import Trade
from domain.window import to_datetime

CANDLE_COLUMNS: Final = (
    "window_start", "symbol", "open", "high", "low", "close", "volume", "trade_count", "update_count", "notional", "vwap",
    "eligible_open", "eligible_high", "eligible_low", "eligible_close", "eligible_volume", "eligible_count", "eligible_vwap",
)  # fmt: skip
TRADE_COLUMNS: Final = (
    "timestamp", "symbol", "trade_id", "price", "volume", "conditions", "received_at", "venue", "asset_class",
)  # fmt: skip
NUMBERS: Final = frozenset(CANDLE_COLUMNS) - {"window_start", "symbol"} | {"price", "official_open", "official_close"}

T = TypeVar("T")
Row = dict[str, str]


def candle_row(candle: Candle) -> Row:
    """Return a candle's columns as text."""
    eligible = candle.eligible
    return {
        "window_start": to_datetime(candle.window_start_ms).isoformat(),
        "symbol": candle.symbol,
        "open": amount(candle.open),
        "high": amount(candle.high),
        "low": amount(candle.low),
        "close": amount(candle.close),
        "volume": amount(candle.volume),
        "trade_count": str(candle.trade_count),
        "update_count": str(candle.update_count),
        "notional": amount(candle.notional),
        "vwap": _amount_if_any(candle.vwap),
        "eligible_open": _amount_if_any(eligible.open),
        "eligible_high": _amount_if_any(eligible.high),
        "eligible_low": _amount_if_any(eligible.low),
        "eligible_close": _amount_if_any(eligible.close),
        "eligible_volume": amount(eligible.volume),
        "eligible_count": str(eligible.trade_count),
        "eligible_vwap": _amount_if_any(eligible.vwap),
    }


def trade_row(trade: Trade) -> Row:
    """Return a trade's columns as text; its conditions are separated by blanks."""
    return {
        "timestamp": to_datetime(trade.timestamp_ms).isoformat(timespec="milliseconds"),
        "symbol": trade.symbol,
        "trade_id": trade.trade_id,
        "price": amount(trade.price),
        "volume": amount(trade.volume),
        "conditions": " ".join(trade.conditions),
        "received_at": to_datetime(trade.received_ms).isoformat(timespec="milliseconds"),
        "venue": trade.venue,
        "asset_class": trade.asset_class,
    }


def amount(value: Decimal) -> str:
    """Return a decimal in plain digits, with 8 decimals, or as many more as it needs: 0.00141342, 1482.00000000."""
    return f"{value:.{max(SCALE, decimals(value))}f}"


def _amount_if_any(value: Decimal | None) -> str:
    return "" if value is None else amount(value)


def json_line(row: Mapping[str, str]) -> str:
    """Return a row as one JSON object, without the line's end."""
    return "{" + ",".join(f"{json.dumps(name)}:{_json_value(name, text)}" for name, text in row.items()) + "}"


def candle_json(candle: Candle) -> str:
    """Return a candle as one JSON object, without the line's end."""
    return json_line(candle_row(candle))


def write_csv(out: TextIO, columns: Iterable[str], rows: Iterable[Row]) -> int:
    """Write a line of names, then the rows; nothing if there are none. Return the number of rows."""
    writer = csv.DictWriter(out, fieldnames=list(columns), lineterminator="\n")
    count = 0
    for row in rows:
        if not count:
            writer.writeheader()
        writer.writerow(row)
        count += 1
    return count


def write_jsonl(out: TextIO, rows: Iterable[Row]) -> int:
    """Write one JSON object a line. Return the number of rows."""
    count = 0
    for row in rows:
        out.write(json_line(row) + "\n")
        count += 1
    return count


def rows_of(values: Iterable[T], row: Callable[[T], Row]) -> Iterable[Row]:
    """Return the rows of the values, lazily."""
    return (row(value) for value in values)


def _json_value(name: str, text: str) -> str:
    if name in NUMBERS:
        return text or "null"
    return json.dumps(text)
