"""Reports of days as rows and as JSON."""

import json
from datetime import date

import attrs

from apps.output.report_rows import NOT_KNOWN, REPORT_COLUMNS, gap_lines, report_json, report_row
from domain.day_report import ExpectedCoverage
from domain.session import CoverageSpan
from tests.contract.report_store_contract import make_report
from tests.contract.stores import NOON_MS

REPORT = make_report(date(2019, 10, 11))
UNKNOWN = attrs.evolve(
    REPORT,
    coverage=attrs.evolve(REPORT.coverage, gaps=None),
    stored=attrs.evolve(REPORT.stored, complete=None, partial=None, raw_differ=0, eligible_differ=0),
    rejected=None,
    redelivered=None,
    corrections=None,
)


def test_a_row_has_every_column() -> None:
    assert report_row(REPORT) == dict(
        zip(
            REPORT_COLUMNS,
            ("AAPL", "degraded", "99.98 %", "1", "2400", "5", "malformed 1, too_old 2", "4", "3", "1", "60", "59", "1", "no: 3 windows"),
            strict=True,
        )
    )  # fmt: skip


def test_what_is_not_known_is_said_and_is_null() -> None:
    row = report_row(UNKNOWN)
    assert {
        row[name] for name in ("coverage", "gaps", "rejected", "redelivered", "corrected", "complete", "partial")
    } == {NOT_KNOWN}
    assert row["equal to trades"] == "yes"
    found = json.loads(report_json(UNKNOWN))
    for name in (
        "coverage_percent",
        "gaps",
        "rejected",
        "redelivered",
        "corrections",
        "candles_complete",
        "candles_partial",
    ):
        assert found[name] is None


def test_a_holiday_has_no_expected_hours() -> None:
    holiday = ExpectedCoverage.of(CoverageSpan(NOON_MS, NOON_MS), [])
    assert report_row(attrs.evolve(REPORT, coverage=holiday))["coverage"] == "no hours"
    assert json.loads(report_json(attrs.evolve(REPORT, coverage=holiday)))["expected"] is None


def test_gaps_are_shown_with_their_times() -> None:
    assert gap_lines(REPORT) == ["gap  AAPL  2019-10-11T12:00:00.001+00:00  2019-10-11T12:00:00.617+00:00  0.616 s"]
    assert gap_lines(UNKNOWN) == []


def test_json_has_all_of_a_report() -> None:
    assert json.loads(report_json(REPORT)) == {
        "symbol": "AAPL",
        "day": "2019-10-11",
        "verdict": "degraded",
        "end": "2019-10-11T13:00:00.000+00:00",
        "expected": {"from": "2019-10-11T12:00:00.000+00:00", "to": "2019-10-11T13:00:00.000+00:00"},
        "coverage_percent": 99.98,
        "gaps": [{"from": "2019-10-11T12:00:00.001+00:00", "to": "2019-10-11T12:00:00.617+00:00"}],
        "trades": 2400,
        "updates": 3,
        "late": 5,
        "rejected": {"too_old": 2, "malformed": 1},
        "redelivered": 4,
        "corrections": 3,
        "unknown_conditions": 1,
        "candles": 60,
        "candles_complete": 59,
        "candles_partial": 1,
        "raw_differ": 2,
        "eligible_differ": 1,
        "equal_to_trades": False,
    }
