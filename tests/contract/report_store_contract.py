"""What every store of reports promises, whatever is behind it."""

import itertools
from datetime import date, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.day_report import DayReport, ExpectedCoverage
from domain.day_summary import StoredCandles
from domain.session import CoverageSpan
from ports.report_store import ReportStore
from tests.support.report_strategies import day_reports

from .stores import NOON_MS, round_trips

_days = (date(2019, 10, 11) + timedelta(days=n) for n in itertools.count())


def make_report(day: date, symbol: str = "AAPL", **changes: object) -> DayReport:
    """A usual report, except as told."""
    report = DayReport(
        symbol=symbol,
        day=day,
        end_ms=NOON_MS + 3_600_000,
        coverage=ExpectedCoverage(
            expected=CoverageSpan(NOON_MS, NOON_MS + 3_600_000), gaps=[CoverageSpan(NOON_MS + 1, NOON_MS + 617)]
        ),
        trades=2_400,
        updates=3,
        unknown_conditions=1,
        stored=StoredCandles(candles=60, raw_differ=2, eligible_differ=1, late=5, complete=59, partial=1),
        rejected={"too_old": 2, "malformed": 1},
        redelivered=4,
        corrections=3,
    )
    return attrs.evolve(report, **changes)  # type: ignore[arg-type] # fields of several types


class ReportStoreContract:
    """Subclasses provide a fixture `store`, started, that may hold other tests' reports."""

    @pytest.fixture
    def day(self) -> date:
        return next(_days)

    def test_a_report_comes_back_as_it_was_written(self, store: ReportStore, day: date) -> None:
        store.write([make_report(day)])
        assert list(store.read(day)) == [make_report(day)]

    def test_unknown_and_none_at_all_are_different_things(self, store: ReportStore, day: date) -> None:
        whole = make_report(day).coverage
        unknown = make_report(
            day, coverage=attrs.evolve(whole, gaps=None), rejected=None, redelivered=None, corrections=None
        )
        nothing = make_report(
            day, "B", coverage=attrs.evolve(whole, gaps=[]), rejected={}, redelivered=0, corrections=0
        )
        store.write([unknown, nothing])
        assert list(store.read(day)) == [unknown, nothing]

    def test_reports_come_back_by_symbol_and_of_their_day_alone(self, store: ReportStore, day: date) -> None:
        other = next(_days)
        store.write([make_report(day, "B"), make_report(other, "C"), make_report(day, "A")])
        assert [report.symbol for report in store.read(day)] == ["A", "B"]
        assert [report.symbol for report in store.read(other)] == ["C"]

    def test_the_last_report_of_a_day_and_symbol_stays(self, store: ReportStore, day: date) -> None:
        first = make_report(day)
        last = make_report(day, trades=1, rejected=None, coverage=attrs.evolve(first.coverage, gaps=None))
        store.write([first])
        store.write([last])
        store.write([last])
        assert list(store.read(day)) == [last]

    def test_a_day_without_reports_has_none(self, store: ReportStore, day: date) -> None:
        assert list(store.read(day)) == []

    def test_writing_nothing_is_fine(self, store: ReportStore) -> None:
        store.write([])

    @round_trips
    @given(reports=st.lists(day_reports, max_size=5, unique_by=lambda report: report.symbol))
    def test_what_is_written_is_what_is_read(self, store: ReportStore, reports: list[DayReport]) -> None:
        day = next(_days)
        written = [attrs.evolve(report, day=day) for report in reports]
        store.write(written)
        assert list(store.read(day)) == sorted(written, key=lambda report: report.symbol)
