"""Which windows of a day a batch may reconcile beside a running stream, and the time to live of a corrected candle.

1. A day whose first trades have expired, or are about to expire, is refused: its candles would be computed from only a part of the trades.
2. A window is reconciled when the stream can no longer change it: it ended longer ago than the allowed lateness and a margin.
3. A candle that counts more trades than are stored is reconciled only when the store has a trade that came after all trades of that window. Until then,
   raw trades of the window may not be stored yet.
4. A corrected candle expires at the same time as a candle written at the end of its day.
"""

from datetime import date
from typing import Final

import attrs

from .errors import TapelineError
from .rules import DAY_MS
from .window import day_start_ms

ABOUT_TO_EXPIRE_MS: Final = 3_600_000


class DayError(TapelineError):
    """The day cannot be reconciled."""


@attrs.frozen(kw_only=True)
class Retention:
    """How long rows are kept after they are written, in seconds; 0 is forever."""

    trades_s: int
    candles_s: int


@attrs.frozen(kw_only=True)
class DayPlan:
    """What is reconciled of one UTC day. Times in milliseconds since the epoch, UTC."""

    day: date
    window_ms: int
    behind_ms: int
    """How long after its end a window is not reconciled: the allowed lateness and a margin."""
    closed_ms: int
    """Windows that end at or before this moment are reconciled."""
    candles_ttl_s: int | None
    """Time to live of a corrected candle, from now on; None is forever."""

    @property
    def trade_days(self) -> tuple[date, ...]:
        """The days that trades of the day's windows may be of: more than one where the windows do not divide a day."""
        start_ms = day_start_ms(self.day)
        first_ms = start_ms + -start_ms % self.window_ms
        if first_ms >= start_ms + DAY_MS:
            return ()
        last_start_ms = start_ms + DAY_MS - 1 - (start_ms + DAY_MS - 1) % self.window_ms
        days = (last_start_ms + self.window_ms - 1 - start_ms) // DAY_MS
        return tuple(date.fromordinal(self.day.toordinal() + further) for further in range(days + 1))

    def passed_ms(self, newest_ms: int) -> int:
        """Return the moment up to which all trades are stored, if the newest stored trade is of `newest_ms`."""
        return newest_ms - self.behind_ms


def plan_day(
    day: date, *, written: date | None = None, now_ms: int, window_ms: int, behind_ms: int, retention: Retention
) -> DayPlan:
    """Return the plan of one day.

    `written` is the day on which its trades were written, where that is another day, as for a replayed recording. Raise DayError if the trades of
    the day have expired or are about to expire, or if the day has not begun.
    """
    start_ms = day_start_ms(day)
    if start_ms > now_ms:
        raise DayError(f"{day} has not begun")
    kept_from_ms = start_ms if written is None else day_start_ms(written)
    if kept_from_ms > now_ms:
        raise DayError(f"the trades were not written on {written}: that day has not begun")
    trades_end_ms = kept_from_ms + retention.trades_s * 1000
    if retention.trades_s and now_ms >= trades_end_ms - ABOUT_TO_EXPIRE_MS:
        raise DayError(
            f"the trades of {day} have begun to expire ({retention.trades_s // 86_400} days after they are written): its candles can no longer be "
            "recomputed, and are left as they are. Trades of a replay live from the day of the replay: name it with --written"
        )
    candles_ttl_s = None
    if retention.candles_s:
        left_ms = kept_from_ms + DAY_MS + retention.candles_s * 1000 - now_ms
        if left_ms < ABOUT_TO_EXPIRE_MS:
            raise DayError(f"the candles of {day} expire within the hour")
        candles_ttl_s = min(left_ms // 1000, retention.candles_s)
    return DayPlan(
        day=day, window_ms=window_ms, behind_ms=behind_ms, closed_ms=now_ms - behind_ms, candles_ttl_s=candles_ttl_s
    )
