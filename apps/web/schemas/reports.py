"""Reports of a day in the read API."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from domain.day_report import DayReport


class ReportOut(BaseModel):
    """The verdict on one symbol's day, and what it is made of. Null is what is not known."""

    symbol: str
    verdict: str = Field(description="complete, degraded or missing")
    coverage_percent: float | None
    gaps: int | None
    trades: int
    late: int
    rejected: int | None
    redelivered: int | None
    corrections: int | None = Field(description="Candles that a reconciliation has corrected")
    unknown_conditions: int
    candles: int
    equal_to_trades: bool


class ReportList(BaseModel):
    """The reports of the newest reported day, by symbol."""

    day: str | None = Field(description="The date at the market; null if no day of the last week has a report")
    reports: list[ReportOut]


def reports_out(reports: Sequence[DayReport]) -> ReportList:
    """Return the reports of one day as JSON model."""
    day = reports[0].day.isoformat() if reports else None
    return ReportList(day=day, reports=[_report_out(report) for report in reports])


def _report_out(report: DayReport) -> ReportOut:
    coverage, stored = report.coverage, report.stored
    return ReportOut(
        symbol=report.symbol,
        verdict=str(report.verdict),
        coverage_percent=None if coverage.percent is None else float(coverage.percent),
        gaps=None if coverage.gaps is None else len(coverage.gaps),
        trades=report.trades,
        late=stored.late,
        rejected=None if report.rejected is None else sum(report.rejected.values()),
        redelivered=report.redelivered,
        corrections=report.corrections,
        unknown_conditions=report.unknown_conditions,
        candles=stored.candles,
        equal_to_trades=stored.is_equal,
    )
