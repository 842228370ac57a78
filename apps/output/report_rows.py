"""Reports of days as rows of a table, and as one JSON object a line."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from domain.day_report import DayReport
from domain.session import CoverageSpan
from domain.window import to_datetime

from .tables import Row

REPORT_COLUMNS: Final = (
    "symbol", "verdict", "coverage", "gaps", "trades", "late", "rejected", "redelivered", "corrected", "unknown conditions", "candles", "complete",
    "partial", "equal to trades",
)  # fmt: skip
NOT_KNOWN: Final = "not known"


def report_row(report: DayReport) -> Row:
    """Return the row of a report; it counts the gaps, and `gap_lines` has their times."""
    coverage, stored = report.coverage, report.stored
    differ = stored.raw_differ + stored.eligible_differ
    return {
        "symbol": report.symbol,
        "verdict": str(report.verdict),
        "coverage": _percent(coverage.percent) if coverage.expected_ms else "no hours",
        "gaps": _count(None if coverage.gaps is None else len(coverage.gaps)),
        "trades": str(report.trades),
        "late": str(stored.late),
        "rejected": _reasons(report.rejected),
        "redelivered": _count(report.redelivered),
        "corrected": _count(report.corrections),
        "unknown conditions": str(report.unknown_conditions),
        "candles": str(stored.candles),
        "complete": _count(stored.complete),
        "partial": _count(stored.partial),
        "equal to trades": "yes" if stored.is_equal else f"no: {differ} windows",
    }


def gap_lines(report: DayReport) -> list[str]:
    """Return a line for each gap of a report."""
    return [
        f"gap  {report.symbol}  {_time(gap.start_ms)}  {_time(gap.end_ms)}  {(gap.end_ms - gap.start_ms) / 1000:.3f} s"
        for gap in report.coverage.gaps or ()
    ]


def report_json(report: DayReport) -> str:
    """Return one JSON object with all of a report; null is what is not known."""
    coverage, stored = report.coverage, report.stored
    percent = coverage.percent
    return json.dumps(
        {
            "symbol": report.symbol,
            "day": report.day.isoformat(),
            "verdict": str(report.verdict),
            "end": _time(report.end_ms),
            "expected": _span(coverage.expected) if coverage.expected_ms else None,
            "coverage_percent": None if percent is None else float(percent),
            "gaps": None if coverage.gaps is None else [_span(gap) for gap in coverage.gaps],
            "trades": report.trades,
            "updates": report.updates,
            "late": stored.late,
            "rejected": None if report.rejected is None else dict(report.rejected),
            "redelivered": report.redelivered,
            "corrections": report.corrections,
            "unknown_conditions": report.unknown_conditions,
            "candles": stored.candles,
            "candles_complete": stored.complete,
            "candles_partial": stored.partial,
            "raw_differ": stored.raw_differ,
            "eligible_differ": stored.eligible_differ,
            "equal_to_trades": stored.is_equal,
        }
    )


def _span(span: CoverageSpan) -> Mapping[str, str]:
    return {"from": _time(span.start_ms), "to": _time(span.end_ms)}


def _time(moment_ms: int) -> str:
    return to_datetime(moment_ms).isoformat(timespec="milliseconds")


def _percent(value: Decimal | None) -> str:
    return NOT_KNOWN if value is None else f"{value} %"


def _count(value: int | None) -> str:
    return NOT_KNOWN if value is None else str(value)


def _reasons(rejected: Mapping[str, int] | None) -> str:
    if rejected is None:
        return NOT_KNOWN
    return ", ".join(f"{reason} {count}" for reason, count in sorted(rejected.items())) or "0"
