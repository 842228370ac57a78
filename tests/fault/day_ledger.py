"""The ledger of the tables of days: what is in `daily_reports` and `daily_candles` against what plain Python makes of the stored trades and candles.

1. Each symbol with a trade or a candle in its trading day has one report, and there is no other.
2. The counts of a report are those of the stored trades and of the stored 1-minute candles: how many differ in which view, how many trades are late.
   Its verdict is `complete` exactly where nothing differs, because the tests record that everything was received.
3. Each symbol with a trade in its regular hours has one candle of the day, and there is no other: the fold of these trades, decimals equal, with the
   official prices that the rule of the sale conditions gives.

Nothing here uses the domain's candles, roll-ups, calendars or reports.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from domain.daily_candle import DailyCandle
from domain.day_report import DayReport
from domain.official_prices import OfficialPrice
from domain.trade import Trade
from tests.support.twins import CandleRow

from .stored_ledger import WINDOW_MS, candle_of

NEW_YORK = ZoneInfo("America/New_York")
RAW = tuple(name for name in CandleRow._fields if not name.startswith("eligible") and name != "vwap")
Span = tuple[int, int]


@attrs.frozen(kw_only=True)
class DayTables:
    """What the tables hold of one day."""

    trades: Sequence[Trade]
    candles: Sequence[CandleRow]
    reports: Sequence[DayReport]
    days: Sequence[DailyCandle]


def check_days(tables: DayTables, day: date, *, is_whole: bool = True) -> None:
    """Compare the tables of a day with the stored trades and candles; every difference fails. Without `is_whole`, rows may be missing."""
    symbols = {trade.symbol for trade in tables.trades} | {candle.symbol for candle in tables.candles}
    reports, days = (
        {report.symbol: report for report in tables.reports},
        {found.candle.symbol: found for found in tables.days},
    )
    assert (len(reports), len(days)) == (len(tables.reports), len(tables.days)), "a symbol comes twice"
    expected_reports: set[str] = set()
    expected_days: set[str] = set()
    for symbol in symbols:
        regular, extended = hours(symbol, day)
        rows = _rows(tables.trades, symbol, extended)
        stored = [row for row in tables.candles if row.symbol == symbol and _within(row.window_start_ms, extended)]
        if rows or stored:
            expected_reports.add(symbol)
        if symbol in reports:
            _check_report(reports[symbol], rows, stored)
        inside = [row for row in rows if _within(row["timestamp_ms"], regular)]
        if inside:
            expected_days.add(symbol)
            if symbol in days:
                _check_day(days[symbol], day, regular, inside, rows)
    for found, expected in ((set(reports), expected_reports), (set(days), expected_days)):
        assert found <= expected, sorted(found - expected)
        assert not is_whole or found == expected, sorted(expected - found)


def hours(symbol: str, day: date) -> tuple[Span, Span]:
    """Return the regular and the extended hours of an ordinary day, in milliseconds since the epoch."""
    if symbol.startswith("OANDA:"):
        both = (_at(day - timedelta(days=1), time(17), NEW_YORK), _at(day, time(17), NEW_YORK))
        return both, both
    if ":" in symbol or "." in symbol:
        both = (_at(day, time(0), UTC), _at(day + timedelta(days=1), time(0), UTC))
        return both, both
    regular = _at(day, time(9, 30), NEW_YORK), _at(day, time(16), NEW_YORK)
    return regular, (_at(day, time(4), NEW_YORK), _at(day, time(20), NEW_YORK))


def _at(day: date, moment: time, zone: Any) -> int:
    return round(datetime.combine(day, moment, zone).timestamp() * 1000)


def _within(moment_ms: int, span: Span) -> bool:
    return span[0] <= moment_ms < span[1]


def _rows(trades: Sequence[Trade], symbol: str, span: Span) -> list[dict[str, Any]]:
    return [attrs.asdict(trade) for trade in trades if trade.symbol == symbol and _within(trade.timestamp_ms, span)]


def _check_report(report: DayReport, rows: list[dict[str, Any]], stored: list[CandleRow]) -> None:
    folded: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        folded.setdefault(row["timestamp_ms"] // WINDOW_MS * WINDOW_MS, []).append(row)
    ours = {start_ms: candle_of(report.symbol, start_ms, WINDOW_MS, inside) for start_ms, inside in folded.items()}
    theirs = {row.window_start_ms: row for row in stored}
    raw = [start for start in ours | theirs if _values(ours.get(start), RAW) != _values(theirs.get(start), RAW)]
    other = [start for start in ours | theirs if start not in raw and ours[start] != theirs[start]]
    late = sum(max(0, _count(ours.get(start)) - _count(theirs.get(start))) for start in ours)
    sized = sum(1 for row in rows if row["volume"])
    counts = (report.trades, report.updates, report.stored.candles)
    assert counts == (sized, len(rows) - sized, len(stored)), report.symbol
    found = (report.stored.raw_differ, report.stored.eligible_differ, report.stored.late)
    assert found == (len(raw), len(other), late), report.symbol
    assert str(report.verdict) == ("degraded" if raw or other else "complete"), report.symbol


def _check_day(
    found: DailyCandle, day: date, regular: Span, inside: list[dict[str, Any]], rows: list[dict[str, Any]]
) -> None:
    expected = candle_of(found.candle.symbol, regular[0], regular[1] - regular[0], inside)
    assert CandleRow.of(found.candle) == expected
    assert (found.day, str(found.hours), found.expected_ms) == (day, "regular", regular[1] - regular[0])
    is_us = inside[0]["asset_class"] == "stock" and inside[0]["venue"] == "US"
    for price, official, auction in (
        (found.official_open, {"20"}, {"18", "19"}),
        (found.official_close, {"16"}, {"35", "36"}),
    ):
        assert _values_of(price) == (_official(rows, official, auction) if is_us else None), found.candle.symbol


def _official(
    rows: list[dict[str, Any]], official: set[str], auction: set[str]
) -> tuple[int, str, Decimal, str] | None:
    by_key: Callable[[dict[str, Any]], Any] = lambda row: (row["timestamp_ms"], row["trade_id"], row["price"])  # noqa: E731
    for codes, source in ((official, "official"), (auction, "auction")):
        prints = [row for row in rows if codes & set(row["conditions"])]
        if prints:
            return *by_key(max(prints, key=by_key)), source
    return None


def _values_of(price: OfficialPrice | None) -> tuple[int, str, Decimal, str] | None:
    return None if price is None else (*price.key, str(price.source))


def _values(row: CandleRow | None, names: Sequence[str]) -> tuple[Any, ...] | None:
    return None if row is None else tuple(getattr(row, name) for name in names)


def _count(row: CandleRow | None) -> int:
    return 0 if row is None else row.trade_count + row.update_count
