"""Candles with their status as rows of text, and on request the windows without a candle between them."""

from collections.abc import Iterable, Iterator
from typing import Final

from apps.services.coverage import Coverage
from apps.services.period_candles import FoundPeriod
from domain.candle import Candle
from domain.official_prices import OfficialPrice
from domain.window import to_datetime, window_start_ms

from .tables import CANDLE_COLUMNS, Row, amount, candle_row

COLUMNS: Final[tuple[str, ...]] = (*CANDLE_COLUMNS, "status")
PERIOD_COLUMNS: Final[tuple[str, ...]] = (
    *COLUMNS, "official_open", "official_open_source", "official_close", "official_close_source",
)  # fmt: skip


def rows_with_status(candles: Iterable[Candle], coverage: Coverage) -> Iterator[Row]:
    """Return a row for each candle."""
    return (_row(candle, coverage) for candle in candles)


def period_rows(periods: Iterable[FoundPeriod]) -> Iterator[Row]:
    """Return a row for each day, week or month; its window starts on the date at the market. Official prices are those of stored days."""
    for found in periods:
        yield {
            **candle_row(found.candle.candle),
            "window_start": found.candle.start.isoformat(),
            "status": found.status or "",
            **_official("official_open", found.official_open),
            **_official("official_close", found.official_close),
        }


def rows_of_all_windows(
    candles: Iterable[Candle], coverage: Coverage, *, symbol: str, start_ms: int, end_ms: int, window_ms: int
) -> Iterator[Row]:
    """Return a row for each window that starts in [start_ms, end_ms) and not in the future; a window without a candle has empty prices."""
    next_ms = window_start_ms(start_ms + window_ms - 1, window_ms)
    for candle in candles:
        yield from _empty(next_ms, candle.window_start_ms, coverage, symbol, window_ms)
        yield _row(candle, coverage)
        next_ms = candle.window_start_ms + window_ms
    yield from _empty(next_ms, min(end_ms, coverage.now_ms), coverage, symbol, window_ms)


def _row(candle: Candle, coverage: Coverage) -> Row:
    return {**candle_row(candle), "status": coverage.status_of(candle) or ""}


def _official(name: str, price: OfficialPrice | None) -> Row:
    if price is None:
        return {name: "", f"{name}_source": ""}
    return {name: amount(price.key.price), f"{name}_source": str(price.source)}


def _empty(first_ms: int, end_ms: int, coverage: Coverage, symbol: str, window_ms: int) -> Iterator[Row]:
    for start_ms in range(first_ms, end_ms, window_ms):
        known = coverage.status(start_ms, window_ms, trades=0)
        yield {
            **dict.fromkeys(COLUMNS, ""),
            "window_start": to_datetime(start_ms).isoformat(),
            "symbol": symbol,
            "status": known or "",
        }
