"""Reports of a day, made up."""

from datetime import date

import attrs

from domain.day_report import DayReport, ExpectedCoverage
from domain.day_summary import StoredCandles
from domain.session import CoverageSpan
from domain.window import MINUTE_MS

from .report_strategies import HOUR_MS
from .strategies import T0_MS

NOTHING_STORED = StoredCandles(candles=0, raw_differ=0, eligible_differ=0, late=0, complete=0, partial=0)


def make_report(*gaps: tuple[int, int], trades: int = 100, **changes: object) -> DayReport:
    """The report of an hour with these gaps, in minutes; everything else is in order."""
    report = DayReport(
        symbol="AAPL",
        day=date(2023, 11, 14),
        end_ms=T0_MS + HOUR_MS,
        coverage=ExpectedCoverage(
            expected=CoverageSpan(T0_MS, T0_MS + HOUR_MS),
            gaps=[CoverageSpan(T0_MS + start * MINUTE_MS, T0_MS + end * MINUTE_MS) for start, end in gaps],
        ),
        trades=trades,
        updates=0,
        unknown_conditions=0,
        stored=attrs.evolve(NOTHING_STORED, candles=min(trades, 60)),
    )
    return attrs.evolve(report, **changes)  # type: ignore[arg-type] # fields of several types
