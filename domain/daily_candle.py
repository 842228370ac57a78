"""The candle of a symbol's trading day, as it is stored for good."""

from datetime import date

import attrs

from .candle import Candle
from .day_report import ExpectedCoverage
from .day_summary import DaySummary, SymbolDay
from .official_prices import OfficialPrice
from .rollup import DayHours


@attrs.frozen(kw_only=True)
class DailyCandle:
    """Both views of a day's trades, its official prices, and how much of the day was received.

    The day is made from minutes. So a price that the tape takes for a day's high and low and not for a minute's, such as one out of sequence, is not in it.
    """

    day: date
    """The date at the market."""
    hours: DayHours
    """Which hours of the day count; equal for a market without extended hours."""
    candle: Candle
    """Its window is these hours."""
    official_open: OfficialPrice | None
    official_close: OfficialPrice | None
    expected_ms: int
    """The length of these hours."""
    covered_ms: int | None
    """How much of them was received; None where nothing is on record."""

    @property
    def key(self) -> tuple[str, date, DayHours]:
        """What makes two of them the same one."""
        return self.candle.symbol, self.day, self.hours


def daily_candle(
    summary: DaySummary, day: SymbolDay, *, hours: DayHours, coverage: ExpectedCoverage
) -> DailyCandle | None:
    """Return the candle of a day from its summary; None for a day that is not over, and where no trade is in its hours."""
    if summary.candle is None or not day.is_over:
        return None
    return DailyCandle(
        day=day.day,
        hours=hours,
        candle=summary.candle,
        official_open=summary.official.open,
        official_close=summary.official.close,
        expected_ms=coverage.expected_ms,
        covered_ms=coverage.covered_ms,
    )
