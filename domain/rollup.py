"""Roll-ups: longer candles from shorter ones, exact in both views, because candles merge.

1. An intraday window is a multiple of the shorter window and is aligned to the epoch, UTC: 5 minutes, 15 minutes, 1 hour.
2. A day is what the market's calendar says: the regular hours or, by argument, the extended hours of a stock exchange; the UTC day of crypto.
   A candle belongs to the day in whose hours its window starts. Candles outside every day belong to none.
3. A week starts on Monday and a month on its first day. Both are made from days.
4. The order of the candles does not matter, and a roll-up of roll-ups equals the roll-up of the shortest candles.
"""

import enum
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import reduce
from typing import Final, TypeVar

import attrs

from .candle import Candle
from .trading_session import TradingHours
from .window import to_datetime, window_start_ms

HoursOf = Callable[[date], TradingHours | None]
"""Returns the hours of a trading day, None for a day without trading; see `ports.trading_calendar`."""

_ONE_DAY: Final = timedelta(days=1)
K = TypeVar("K")


class DayHours(enum.StrEnum):
    """Which hours of a trading day count."""

    REGULAR = "regular"
    EXTENDED = "extended"


class Period(enum.StrEnum):
    """The periods that calendars make, not clocks."""

    DAY = "1d"
    WEEK = "1w"
    MONTH = "1mo"


@attrs.frozen(kw_only=True)
class PeriodCandle:
    """The candle of a day, a week or a month."""

    period: Period
    start: date
    """The trading day, the Monday of the week, or the first of the month, by the date at the market."""
    candle: Candle
    """Its window reaches from the start of the first trading day's hours to the end of the last one's."""


def rollup(candles: Iterable[Candle], window_ms: int) -> list[Candle]:
    """Merge candles into windows of `window_ms` milliseconds, in order of window, then symbol.

    Raise ValueError where a candle does not fit: the new length must be a multiple of its own.
    """
    merged: dict[tuple[str, int], Candle] = {}
    for candle in candles:
        if window_ms % candle.window_ms or candle.window_start_ms % candle.window_ms:
            raise ValueError(f"windows of {candle.window_ms} ms do not make up windows of {window_ms} ms")
        start_ms = window_start_ms(candle.window_start_ms, window_ms)
        _merge_into(merged, (candle.symbol, start_ms), _moved(candle, start_ms, window_ms))
    return sorted(merged.values(), key=lambda candle: (candle.window_start_ms, candle.symbol))


def rollup_days(candles: Iterable[Candle], hours_of: HoursOf, hours: DayHours = DayHours.REGULAR) -> list[PeriodCandle]:
    """Merge candles of one market into its trading days, in order of day, then symbol."""
    merged: dict[tuple[str, date], Candle] = {}
    for candle in candles:
        found = _day_of(candle.window_start_ms, hours_of, hours)
        if found is not None:
            day, start_ms, end_ms = found
            _merge_into(merged, (candle.symbol, day), _moved(candle, start_ms, end_ms - start_ms))
    return _in_order(Period.DAY, merged)


def rollup_period(days: Iterable[PeriodCandle], period: Period) -> list[PeriodCandle]:
    """Merge candles of days into weeks or months, in order of start, then symbol; with `Period.DAY`, return the days in order."""
    grouped: dict[tuple[str, date], list[Candle]] = {}
    for day in days:
        grouped.setdefault((day.candle.symbol, period_start(day.start, period)), []).append(day.candle)
    return _in_order(period, {key: _joined(candles) for key, candles in grouped.items()})


def merge_within(candles: Iterable[Candle], start_ms: int, end_ms: int) -> Candle | None:
    """Merge the candles of one symbol whose windows start in [start_ms, end_ms) into one of this window; return None without any."""
    inside = [
        _moved(candle, start_ms, end_ms - start_ms) for candle in candles if start_ms <= candle.window_start_ms < end_ms
    ]
    return reduce(Candle.merge, inside) if inside else None


def period_start(day: date, period: Period) -> date:
    """Return the first day of the period that holds a day."""
    match period:
        case Period.DAY:
            return day
        case Period.WEEK:
            return day - day.weekday() * _ONE_DAY
        case Period.MONTH:
            return day.replace(day=1)


def period_end(start: date, period: Period) -> date:
    """Return the first day after a period that begins on a day."""
    match period:
        case Period.DAY:
            return start + _ONE_DAY
        case Period.WEEK:
            return start + 7 * _ONE_DAY
        case Period.MONTH:
            return (start + 31 * _ONE_DAY).replace(day=1)


def hours_bounds(trading_day: TradingHours, hours: DayHours) -> tuple[int, int]:
    """Return the start and the end of a trading day, in milliseconds since the epoch, UTC; the end is excluded."""
    if hours is DayHours.REGULAR:
        return trading_day.regular_start_ms, trading_day.regular_end_ms
    return trading_day.pre_start_ms, trading_day.post_end_ms


def _day_of(moment_ms: int, hours_of: HoursOf, hours: DayHours) -> tuple[date, int, int] | None:
    utc_day = to_datetime(moment_ms).date()
    # A market's date is the UTC date, or one before or after it.
    for day in (utc_day, utc_day - _ONE_DAY, utc_day + _ONE_DAY):
        trading_day = hours_of(day)
        if trading_day is not None:
            start_ms, end_ms = hours_bounds(trading_day, hours)
            if start_ms <= moment_ms < end_ms:
                return day, start_ms, end_ms
    return None


def _moved(candle: Candle, start_ms: int, window_ms: int) -> Candle:
    return attrs.evolve(candle, window_start_ms=start_ms, window_ms=window_ms)


def _merge_into(merged: dict[K, Candle], key: K, candle: Candle) -> None:
    known = merged.get(key)
    merged[key] = candle if known is None else known.merge(candle)


def _joined(candles: list[Candle]) -> Candle:
    start_ms = min(candle.window_start_ms for candle in candles)
    end_ms = max(candle.window_end_ms for candle in candles)
    return reduce(Candle.merge, (_moved(candle, start_ms, end_ms - start_ms) for candle in candles))


def _in_order(period: Period, merged: dict[tuple[str, date], Candle]) -> list[PeriodCandle]:
    def made() -> Iterator[PeriodCandle]:
        for (_, start), candle in merged.items():
            yield PeriodCandle(period=period, start=start, candle=candle)

    return sorted(made(), key=lambda found: (found.start, found.candle.symbol))
