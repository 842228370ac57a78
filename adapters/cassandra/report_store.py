"""Reports of days in the table `daily_reports`: one partition for each day, one row for each symbol. Rows do not expire.

The verdict and the percentage are stored for other readers of the table; a report computes its own.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from domain.day_report import DayReport, ExpectedCoverage
from domain.day_summary import StoredCandles
from domain.session import CoverageSpan

from .reading import read_days
from .store import CassandraStore
from .times import ms_of
from .writing import Row, batches, write_batches


class CassandraReportStore(CassandraStore):
    """A `ports.report_store.ReportStore`. One thread writes, any thread reads."""

    TABLE = "daily_reports"
    INSERT = (
        "INSERT INTO {table} (day, symbol, verdict, end_at, expected_start, expected_end, coverage_percent, gaps, trades, updates,"
        " unknown_conditions, candles, candles_complete, candles_partial, raw_differ, eligible_differ, late, rejected, redelivered, corrections)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    SELECT = (
        "SELECT symbol, end_at, expected_start, expected_end, gaps, trades, updates, unknown_conditions,"
        " candles, candles_complete, candles_partial, raw_differ, eligible_differ, late, rejected, redelivered, corrections FROM {table} WHERE day = ?"
    )

    def write(self, reports: Iterable[DayReport]) -> None:
        """Store reports; all of them are stored when this returns. Raise StoreError, after which any of them may be stored."""
        self._check_started()
        groups = batches(
            map(_row, reports),
            partition_of=lambda row: row[0],
            key_of=lambda row: row[1],
            batch_rows=self._session.settings.batch_rows,
        )
        write_batches(self._session, self._insert, groups, "writing reports of days")

    def read(self, day: date) -> Iterator[DayReport]:
        """Yield the reports of a day, by symbol. Raise StoreError."""
        self._check_started()
        rows = read_days(self._session, self._select, lambda day: (day,), iter([day]), "reading reports of days")
        return (_report(day, row) for row in rows)


def _row(report: DayReport) -> Row:
    coverage, stored = report.coverage, report.stored
    return (
        report.day,
        report.symbol,
        str(report.verdict),
        report.end_ms,
        coverage.expected.start_ms,
        coverage.expected.end_ms,
        coverage.percent,
        None if coverage.gaps is None else [tuple(gap) for gap in coverage.gaps],
        report.trades,
        report.updates,
        report.unknown_conditions,
        stored.candles,
        stored.complete,
        stored.partial,
        stored.raw_differ,
        stored.eligible_differ,
        stored.late,
        None if report.rejected is None else dict(report.rejected),
        report.redelivered,
        report.corrections,
    )


def _report(day: date, row: tuple[Any, ...]) -> DayReport:
    (
        symbol,
        end_at,
        expected_start,
        expected_end,
        missing,
        trades,
        updates,
        unknown,
        *stored,
        rejected,
        redelivered,
        corrections,
    ) = row
    candles, complete, partial, raw_differ, eligible_differ, late = stored
    return DayReport(
        symbol=symbol,
        day=day,
        end_ms=ms_of(end_at),
        coverage=ExpectedCoverage(
            expected=CoverageSpan(ms_of(expected_start), ms_of(expected_end)),
            gaps=None if missing is None else [CoverageSpan(ms_of(start), ms_of(end)) for start, end in missing],
        ),
        trades=trades,
        updates=updates,
        unknown_conditions=unknown,
        stored=StoredCandles(
            candles=candles,
            raw_differ=raw_differ,
            eligible_differ=eligible_differ,
            late=late,
            complete=complete,
            partial=partial,
        ),
        rejected=None if rejected is None else dict(rejected),
        redelivered=redelivered,
        corrections=corrections,
    )
