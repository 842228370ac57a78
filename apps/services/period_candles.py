"""Candles of days, weeks and months of one symbol, each with the status of all its trading days together.

1. The candle of a day that is stored for good is read from there, with the coverage that is stored beside it. Any other day is made from its 1-minute
   candles, and its coverage from the events of the producers. Weeks and months are made from days.
2. Days follow the calendar of the symbol's market, see `domain.rollup`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain
from typing import Final, NamedTuple

import attrs

from domain.daily_candle import DailyCandle
from domain.gaps import CandleStatus
from domain.official_prices import OfficialPrice
from domain.rollup import (
    DayHours,
    Period,
    PeriodCandle,
    hours_bounds,
    period_end,
    period_start,
    rollup_days,
    rollup_period,
)
from domain.window import MINUTE_MS, to_datetime
from ports.candle_store import CandleStore
from ports.daily_candle_store import DailyCandleStore
from ports.event_store import EventStore
from ports.trading_calendar import TradingCalendar

from .coverage import Coverage

_ONE_DAY: Final = timedelta(days=1)


class FoundPeriod(NamedTuple):
    """The candle of a day, a week or a month."""

    candle: PeriodCandle
    status: CandleStatus | None
    """None where nothing is on record of one of its days."""
    stored_days: int
    """How many of its days were stored for good; the others are made from minutes."""
    official_open: OfficialPrice | None
    official_close: OfficialPrice | None
    """Those of a stored day; None for any other candle, since minutes do not hold them."""


@attrs.frozen(kw_only=True)
class PeriodCandles:
    """Reads a symbol's longer candles by the calendar of its market."""

    candles: CandleStore
    daily: DailyCandleStore | None = None
    """The candles of days that are stored for good; None reads all days from minutes."""
    events: EventStore | None
    calendar: TradingCalendar
    symbol: str
    hours: DayHours
    now_ms: int

    def read(self, start_ms: int, end_ms: int, period: Period) -> Sequence[FoundPeriod]:
        """Return the candles of the periods that begin on a date in [start_ms, end_ms), oldest first. Raise StoreError.

        The last period is read whole, as far as candles are stored.
        """
        first, last = (to_datetime(moment_ms).date() for moment_ms in (start_ms, end_ms - 1))
        until = period_end(period_start(last, period), period)
        stored = self._stored(first, until - _ONE_DAY)
        days = [*_as_days(stored), *self._made(first, until, stored)]
        periods = [found for found in rollup_period(days, period) if first <= found.start <= last]
        made_days = [day for found in periods for day in _days_of(found) if day not in stored]
        coverage = self._coverage([*self._begun(made_days)])
        return [self._found(found, stored, coverage) for found in periods]

    def _found(
        self, period: PeriodCandle, stored: Mapping[date, DailyCandle], coverage: Coverage | None
    ) -> FoundPeriod:
        day = stored.get(period.start) if period.period is Period.DAY else None
        return FoundPeriod(
            candle=period,
            status=self._status(period, stored, coverage),
            stored_days=sum(each in stored for each in _days_of(period)),
            official_open=None if day is None else day.official_open,
            official_close=None if day is None else day.official_close,
        )

    def _stored(self, first: date, last: date) -> Mapping[date, DailyCandle]:
        if self.daily is None:
            return {}
        found: dict[date, DailyCandle] = {}
        for daily in self.daily.read(self.symbol, first, last):
            # By its window: where a market has no extended hours, those are the regular ones.
            if self._bounds(daily.day) == (daily.candle.window_start_ms, daily.candle.window_end_ms):
                found[daily.day] = daily
        return found

    def _made(self, first: date, until: date, stored: Mapping[date, DailyCandle]) -> Sequence[PeriodCandle]:
        bounds = (self._bounds(day) for day in _days(first, until) if day not in stored)
        minutes = (self.candles.read(self.symbol, *found, MINUTE_MS) for found in bounds if found is not None)
        return rollup_days(chain.from_iterable(minutes), self.calendar.hours, self.hours)

    def _coverage(self, sessions: Sequence[tuple[int, int]]) -> Coverage | None:
        if self.events is None or not sessions:
            return None
        return Coverage.read(self.events, self.symbol, sessions[0][0], sessions[-1][1], now_ms=self.now_ms)

    def _status(
        self, period: PeriodCandle, stored: Mapping[date, DailyCandle], coverage: Coverage | None
    ) -> CandleStatus | None:
        days = [*_days_of(period)]
        found = {_status_of(stored[day]) for day in days if day in stored}
        if sessions := [*self._begun(day for day in days if day not in stored)]:
            found.add(None if coverage is None else coverage.status_of_windows(sessions, trades=1))
        if CandleStatus.PARTIAL in found:
            return CandleStatus.PARTIAL
        return None if None in found else CandleStatus.COMPLETE

    def _begun(self, days: Iterable[date]) -> Iterator[tuple[int, int]]:
        """Yield the sessions of the days that have begun."""
        bounds = (self._bounds(day) for day in days)
        return (found for found in bounds if found is not None and found[0] < self.now_ms)

    def _bounds(self, day: date) -> tuple[int, int] | None:
        trading_day = self.calendar.hours(day)
        return None if trading_day is None else hours_bounds(trading_day, self.hours)


def _as_days(stored: Mapping[date, DailyCandle]) -> Iterator[PeriodCandle]:
    return (PeriodCandle(period=Period.DAY, start=day, candle=daily.candle) for day, daily in stored.items())


def _status_of(daily: DailyCandle) -> CandleStatus | None:
    if daily.covered_ms is None:
        return None
    return CandleStatus.COMPLETE if daily.covered_ms == daily.expected_ms else CandleStatus.PARTIAL


def _days_of(period: PeriodCandle) -> Iterator[date]:
    return _days(period.start, period_end(period.start, period.period))


def _days(first: date, until: date) -> Iterator[date]:
    return (first + number * _ONE_DAY for number in range((until - first).days))
