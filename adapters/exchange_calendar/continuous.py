"""Markets without an exchange's day: crypto trades always, forex from Sunday to Friday, 17:00 New York time.

Both have regular hours alone. A trading day of crypto is the UTC day. One of forex ends at 17:00 New York time on its date and begins a day before;
Monday to Friday are its trading days.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from domain.rules import DAY_MS
from domain.trading_session import TradingHours, TradingSession
from domain.window import day_start_ms, to_datetime, to_ms

from .nyse import NEW_YORK

_ROLLOVER: Final = time(17, 0)
_SATURDAY: Final = 5


class AlwaysOpenCalendar:
    """Crypto: a `ports.trading_calendar.TradingCalendar` without a closed moment."""

    def session(self, moment_ms: int) -> TradingSession:  # noqa: ARG002 - the port's signature
        """Return regular hours."""
        return TradingSession.REGULAR

    def hours(self, day: date) -> TradingHours | None:
        """Return the UTC day."""
        start_ms = day_start_ms(day)
        return _regular_only(day, start_ms, start_ms + DAY_MS)


class ForexCalendar:
    """Forex: a `ports.trading_calendar.TradingCalendar` of five trading days a week. It knows no holidays."""

    def session(self, moment_ms: int) -> TradingSession:
        """Return regular hours from Sunday 17:00 to Friday 17:00, New York time."""
        try:
            local = to_datetime(moment_ms).astimezone(NEW_YORK)
            day = local.date() + timedelta(days=local.time() >= _ROLLOVER)
        except OverflowError:
            return TradingSession.CLOSED
        return TradingSession.REGULAR if day.weekday() < _SATURDAY else TradingSession.CLOSED

    def hours(self, day: date) -> TradingHours | None:
        """Return the 24 hours that end at 17:00 New York time; 23 or 25 hours where summer time begins or ends."""
        if day.weekday() >= _SATURDAY:
            return None
        return _regular_only(day, _rollover_ms(day - timedelta(days=1)), _rollover_ms(day))


def _rollover_ms(day: date) -> int:
    return to_ms(datetime.combine(day, _ROLLOVER, NEW_YORK).astimezone(UTC))


def _regular_only(day: date, start_ms: int, end_ms: int) -> TradingHours:
    return TradingHours(
        day=day, pre_start_ms=start_ms, regular_start_ms=start_ms, regular_end_ms=end_ms, post_end_ms=end_ms
    )
