"""The New York Stock Exchange, 2000 to 2030.

1. A trading day is Monday to Friday and no holiday. Pre-market from 4:00, regular hours from 9:30 to 16:00, post-market to 20:00, New York time.
2. On a day with an early close, regular hours end at the time in the table and post-market four hours later.
3. Holidays and early closes are in `nyse_days.tsv` (https://www.nyse.com/markets/hours-calendars). Days outside its years are not known.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

from domain.trading_session import TradingHours, TradingSession
from domain.window import to_datetime, to_ms

NEW_YORK: Final = ZoneInfo("America/New_York")
FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2030, 12, 31)

PRE_START: Final = time(4, 0)
REGULAR_START: Final = time(9, 30)
REGULAR_END: Final = time(16, 0)
POST_LENGTH: Final = timedelta(hours=4)

_SATURDAY: Final = 5
# All sessions of a New York day are on one date of this offset, in summer time as well.
_SHIFT: Final = timedelta(hours=5)


@cache
def special_days() -> Mapping[date, time | None]:
    """Return the holidays, each with None, and the days with an early close, each with the time of its close."""
    lines = (files(__package__) / "nyse_days.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = (line.split("\t") for line in lines)
    return {date.fromisoformat(day): None if close == "closed" else time.fromisoformat(close) for day, close, _ in rows}


class NyseCalendar:
    """A `ports.trading_calendar.TradingCalendar`. It remembers the hours of days that were asked for."""

    def __init__(self) -> None:
        self._special = special_days()
        self._hours: dict[date, TradingHours | None] = {}
        self._latest: TradingHours | None = None
        """The day of the last moment that was asked for: the next one is mostly of the same day."""

    def session(self, moment_ms: int) -> TradingSession:
        """Return the session of a moment."""
        latest = self._latest
        if latest is not None and latest.pre_start_ms <= moment_ms < latest.post_end_ms:
            return latest.session_at(moment_ms)
        try:
            day = (to_datetime(moment_ms) - _SHIFT).date()
        except OverflowError:
            return TradingSession.CLOSED
        hours = self.hours(day)
        if hours is None:
            return TradingSession.CLOSED
        self._latest = hours
        return hours.session_at(moment_ms)

    def hours(self, day: date) -> TradingHours | None:
        """Return the hours of a trading day, by its date in New York."""
        if day not in self._hours:
            self._hours[day] = self._make_hours(day)
        return self._hours[day]

    def trading_days(self) -> tuple[TradingHours, ...]:
        """Return the hours of every trading day that is known, oldest first."""
        days = (FIRST_DAY + timedelta(days=number) for number in range((LAST_DAY - FIRST_DAY).days + 1))
        return tuple(hours for day in days if (hours := self.hours(day)) is not None)

    def _make_hours(self, day: date) -> TradingHours | None:
        close = self._special.get(day, REGULAR_END)
        if close is None or day.weekday() >= _SATURDAY or not FIRST_DAY <= day <= LAST_DAY:
            return None
        end_ms = _new_york_ms(day, close)
        return TradingHours(
            day=day,
            pre_start_ms=_new_york_ms(day, PRE_START),
            regular_start_ms=_new_york_ms(day, REGULAR_START),
            regular_end_ms=end_ms,
            post_end_ms=end_ms + POST_LENGTH // timedelta(milliseconds=1),
        )


def _new_york_ms(day: date, local: time) -> int:
    return to_ms(datetime.combine(day, local, NEW_YORK).astimezone(UTC))
