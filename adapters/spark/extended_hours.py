"""Whether a moment lies in an extended session, by the hours of a calendar that Python knows.

A column expression cannot ask a calendar, and thirty years of hours are too many for a chain of conditions. But the days repeat: seen from UTC, a
day has one of about a dozen shapes, such as "extended from 09:00 to 14:30 and from 21:00 on", and sessions begin and end at the half hour. So there
are two binary literals: one byte a UTC day, the number of its shape; and one byte for each half hour of each shape, whether it is extended. The
expression is two look-ups by position. No join, no time zone, no search; and little generated code, which a trade without Form T never runs.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from math import gcd
from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812

from domain.rules import DAY_MS
from domain.trading_session import TradingHours

from .window import window_start_ms

_MAX_SHAPES: Final = 127
"""A shape's number is read as an ASCII character."""
_NONE: Final = b"\x00"
_EXTENDED: Final = b"\x01"


def is_extended(moment_ms: Column, trading_days: Sequence[TradingHours]) -> Column:
    """Return whether a moment, in milliseconds since the epoch, is in the pre-market or the post-market of one of the days.

    Raise ValueError if the days have more shapes than a byte can number.
    """
    spans = sorted(span for hours in trading_days for span in _extended_spans(hours))
    if not spans:
        return F.lit(False)
    step_ms = reduce(gcd, (edge for span in spans for edge in span), DAY_MS)
    steps_per_day = DAY_MS // step_ms
    first_day, last_day = spans[0][0] // DAY_MS, (spans[-1][1] - 1) // DAY_MS
    timeline = bytearray(_NONE) * ((last_day - first_day + 1) * steps_per_day)
    for start_ms, end_ms in spans:
        start, end = (edge // step_ms - first_day * steps_per_day for edge in (start_ms, end_ms))
        timeline[start:end] = _EXTENDED * (end - start)
    shapes: dict[bytes, int] = {}
    days = bytes(
        shapes.setdefault(bytes(timeline[at : at + steps_per_day]), len(shapes))
        for at in range(0, len(timeline), steps_per_day)
    )
    if len(shapes) > _MAX_SHAPES:
        raise ValueError(f"the days of the calendar have {len(shapes)} shapes, of at most {_MAX_SHAPES}")
    day = _quotient(moment_ms, DAY_MS) - first_day
    shape = F.ascii(_byte_at(days, day).cast("string"))
    step = _quotient(F.pmod(moment_ms, F.lit(DAY_MS)), step_ms)
    # A position before the first would count from the end of the literal.
    is_known = day.between(0, last_day - first_day)
    return is_known & (_byte_at(b"".join(shapes), shape * steps_per_day + step) == F.lit(bytearray(_EXTENDED)))


def _extended_spans(hours: TradingHours) -> Iterator[tuple[int, int]]:
    for span in ((hours.pre_start_ms, hours.regular_start_ms), (hours.regular_end_ms, hours.post_end_ms)):
        if span[0] < span[1]:
            yield span


def _quotient(value: Column, divisor: int) -> Column:
    """Divide and round down, also below 0."""
    return (window_start_ms(value, divisor) / divisor).cast("int")


def _byte_at(literal: bytes, place: Column) -> Column:
    return F.lit(bytearray(literal)).substr(place + 1, F.lit(1))
