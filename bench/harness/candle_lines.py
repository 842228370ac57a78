"""Candles as lines of text, for an exact comparison of the candles of two variants: every column, every digit."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

from domain.candle import Candle
from domain.decimals import plain

COLUMNS: Final = (
    "symbol", "window_start_ms", "open", "high", "low", "close", "volume", "trade_count", "update_count", "notional", "vwap",
    "open_ms", "open_trade_id", "close_ms", "close_trade_id",
    "eligible_open", "eligible_high", "eligible_low", "eligible_close", "eligible_volume", "eligible_count", "eligible_vwap",
)  # fmt: skip
"""The columns of a line, in order."""


def of_domain(candle: Candle) -> str:
    """Return the line of a candle of the domain."""
    first, last = candle.open_key, candle.close_key
    view = candle.eligible
    return line(
        (
            candle.symbol, candle.window_start_ms, candle.open, candle.high, candle.low, candle.close, candle.volume,
            candle.trade_count, candle.update_count, candle.notional, candle.vwap,
            first.timestamp_ms, first.trade_id, last.timestamp_ms, last.trade_id,
            view.open, view.high, view.low, view.close, view.volume, view.trade_count, view.vwap,
        )
    )  # fmt: skip


def line(values: Sequence[object]) -> str:
    """Return the line of the values of `COLUMNS`."""
    return "\t".join(plain(value) if isinstance(value, Decimal) else str(value) for value in values)


def write(file: Path, lines: Iterable[str]) -> None:
    """Write the expected candles of a topic."""
    file.write_text("\n".join(sorted(lines)))


def check(file: Path | str, lines: Iterable[str]) -> None:
    """Compare candles with the expected ones. Raise AssertionError with the first differences."""
    actual, expected = set(lines), set(Path(file).read_text().split("\n"))
    assert actual == expected, f"candles differ: {sorted(actual - expected)[:3]} for {sorted(expected - actual)[:3]}"
