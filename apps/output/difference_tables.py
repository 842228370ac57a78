"""Differences of candles as text: a table with a line for each column that differs, or JSON with an object for each candle.

Numbers are exact and plain; a difference is the computed value less the stored one. For a candle that is missing on
one side, the table shows only the number of trades; JSON has all columns.
"""

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

import click

from adapters.spark.differences import CHANGED
from adapters.spark.reconciling import Difference
from domain.decimals import add
from domain.window import to_datetime

from .tables import amount

HEADER: Final = ("kind", "symbol", "window_start", "column", "stored", "computed", "difference")
_TIMES: Final = ("open_timestamp", "close_timestamp", "eligible_open_timestamp", "eligible_close_timestamp")
_COUNTS: Final = ("trade_count", "update_count", "eligible_count")


def difference_json(difference: Difference) -> str:
    """Return a difference as one JSON object, without the line's end."""
    columns = ",".join(
        f'{json.dumps(name)}:{{"stored":{_json(name, stored)},"computed":{_json(name, computed)}'
        + (f',"difference":{less.lstrip("+")}' if (less := _less(name, stored, computed)) else "")
        + "}"
        for name, (stored, computed) in difference.values.items()
    )
    return (
        f'{{"kind":{json.dumps(difference.kind)},"symbol":{json.dumps(difference.symbol)},'
        f'"window_start":{json.dumps(_moment(difference.window_start_ms))},"columns":{{{columns}}}}}'
    )


def print_differences(differences: Iterable[Difference]) -> None:
    """Print a table; nothing if there are no differences."""
    lines = [line for difference in differences for line in _lines(difference)]
    if not lines:
        return
    table: list[Sequence[str]] = [HEADER, *lines]
    widths = [max(len(line[place]) for line in table) for place in range(len(HEADER))]
    for line in table:
        cells = [
            text.ljust(width) if place < 4 else text.rjust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())


def _lines(difference: Difference) -> list[tuple[str, ...]]:
    start = _moment(difference.window_start_ms)
    names = [name for name in difference.values if difference.kind == CHANGED or name in _COUNTS]
    return [
        (
            difference.kind,
            difference.symbol,
            start,
            name,
            _text(name, difference.values[name][0]),
            _text(name, difference.values[name][1]),
            _less(name, *difference.values[name]),
        )
        for name in names
    ]


def _moment(ms: int) -> str:
    return to_datetime(ms).isoformat(timespec="seconds" if ms % 1000 == 0 else "milliseconds")


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return amount(value)
    return _moment(value) if name in _TIMES else str(value)


def _json(name: str, value: Any) -> str:
    if value is None:
        return "null"
    text = _text(name, value)
    return text if isinstance(value, Decimal) or name in _COUNTS else json.dumps(text)


def _less(name: str, stored: Any, computed: Any) -> str:
    """Return the computed value less the stored one, with its sign; empty if one of them is missing."""
    if stored is None or computed is None:
        return ""
    if isinstance(stored, Decimal):
        less = add(computed, stored.copy_negate())
        return ("" if less < 0 else "+") + amount(less)
    return f"{computed - stored:+d}" if name in _COUNTS else ""
