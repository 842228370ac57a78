"""Times as the driver writes and reads them.

The driver accepts whole milliseconds. It returns a naive datetime in UTC, computed from a float of seconds: far from 1970 this is wrong by some
microseconds, so it is rounded to the nearest millisecond.
"""

from datetime import datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - the driver's datetimes are naive
_MILLISECOND: Final = timedelta(milliseconds=1)
_HALF: Final = timedelta(microseconds=500)


def ms_of(moment: datetime) -> int:
    """Return a naive UTC datetime of the driver as milliseconds since the epoch."""
    return (moment - _EPOCH + _HALF) // _MILLISECOND
