"""Times as the driver takes and gives them.

Whole milliseconds go in as they are. What comes out is a naive datetime that means UTC, made by way of a float of seconds: it is rounded to
the nearest millisecond, since far from 1970 it is off by some microseconds.
"""

from datetime import datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - the driver's datetimes are naive
_MILLISECOND: Final = timedelta(milliseconds=1)
_HALF: Final = timedelta(microseconds=500)


def ms_of(moment: datetime) -> int:
    """Give the driver's naive UTC datetime as milliseconds since the epoch."""
    return (moment - _EPOCH + _HALF) // _MILLISECOND
