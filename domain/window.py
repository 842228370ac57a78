"""Tumbling event-time windows: [start, start + length), aligned to the epoch, UTC; and the UTC day of a moment, by which rows are stored."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

MINUTE_MS: Final = 60_000
EARLIEST_MS: Final = 0
LATEST_MS: Final = 9_999_999_999_999
"""Valid times, in milliseconds since the epoch: 1970-01-01 to 2286-11-20. Each of them has a calendar day in every language and store, and at most 13 digits."""
TIME_PATTERN: Final = r"(?:0|[1-9][0-9]{0,12})"
"""Matches exactly the valid times, where a time is written without a sign or leading zeros."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def window_start_ms(timestamp_ms: int, length_ms: int) -> int:
    """Return the start of the window of this length that holds the moment. Raise ValueError unless the length is positive."""
    if length_ms <= 0:
        raise ValueError(f"a window's length is positive, not {length_ms} ms")
    return timestamp_ms - timestamp_ms % length_ms


def partition_day(timestamp_ms: int) -> date:
    """Return the UTC day of a moment: trades and candles are stored by (symbol, day). Raise OverflowError after the year 9999."""
    return to_datetime(timestamp_ms).date()


def to_datetime(timestamp_ms: int) -> datetime:
    """Return the moment as an aware datetime, UTC, exact to the millisecond."""
    return _EPOCH + timedelta(milliseconds=timestamp_ms)


def to_ms(moment: datetime) -> int:
    """Return an aware datetime as milliseconds since the epoch, rounded down. Raise ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone, such as 2024-01-31T09:30:00+00:00")
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def day_start_ms(day: date) -> int:
    """Return the first millisecond of a UTC day."""
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))
