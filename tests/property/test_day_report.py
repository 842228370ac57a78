"""Laws of the report of a day and of its verdict."""

import random
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.candle import fold
from domain.day_report import DayReport, ExpectedCoverage, Verdict, worst
from domain.day_summary import DayTally, compare_candles
from domain.gaps import Spans, union
from domain.rejection import Reason
from domain.session import CoverageSpan
from domain.trade import Trade
from domain.window import MINUTE_MS
from tests.support import strategies
from tests.support.day_reports import NOTHING_STORED, make_report
from tests.support.report_strategies import day_reports, spans

HOUR_MS = 3_600_000
T0_MS = strategies.T0_MS
one_symbol = st.lists(strategies.trades(symbol=st.just("AAPL")), max_size=40)


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (make_report(), Verdict.COMPLETE),
        (make_report(trades=0), Verdict.COMPLETE),
        (make_report((10, 11)), Verdict.DEGRADED),
        (make_report((0, 60)), Verdict.DEGRADED),
        (make_report((0, 60), trades=0), Verdict.MISSING),
        (make_report((0, 59), trades=0), Verdict.DEGRADED),
        (make_report(rejected={"malformed": 5}), Verdict.COMPLETE),
        (make_report(rejected={"malformed": 5, "too_old": 1}), Verdict.DEGRADED),
        (make_report(stored=attrs.evolve(NOTHING_STORED, raw_differ=1)), Verdict.DEGRADED),
        (make_report(stored=attrs.evolve(NOTHING_STORED, eligible_differ=1)), Verdict.DEGRADED),
    ],
)
def test_the_verdict_follows_the_documented_rules(report: DayReport, verdict: Verdict) -> None:
    assert report.verdict is verdict


def test_an_unknown_coverage_is_degraded_with_trades_and_missing_without() -> None:
    unknown = attrs.evolve(make_report().coverage, gaps=None)
    assert make_report(coverage=unknown).verdict is Verdict.DEGRADED
    assert make_report(coverage=unknown, trades=0).verdict is Verdict.MISSING


def test_a_day_without_expected_hours_is_complete_without_a_trade_and_has_no_percentage() -> None:
    unknown_and_none: tuple[Spans | None, ...] = (None, [])
    for covered in unknown_and_none:
        holiday = ExpectedCoverage.of(CoverageSpan(T0_MS, T0_MS), covered)
        assert make_report(coverage=holiday, trades=0).verdict is Verdict.COMPLETE
        assert holiday.percent is None


def test_a_short_gap_is_never_rounded_up_to_100_percent() -> None:
    coverage = make_report().coverage
    assert coverage.percent == Decimal("100.00")
    short = attrs.evolve(coverage, gaps=[CoverageSpan(T0_MS, T0_MS + 1)])
    assert short.percent == Decimal("99.99")


@given(report=day_reports, lost=spans)
def test_more_gaps_never_improve_the_verdict(report: DayReport, lost: Spans) -> None:
    known = report.coverage.gaps
    if known is None:
        return
    expected = report.coverage.expected
    inside = [CoverageSpan(max(a, expected.start_ms), min(b, expected.end_ms)) for a, b in lost]
    worse = attrs.evolve(report, coverage=attrs.evolve(report.coverage, gaps=union([*known, *inside])))
    assert worse.verdict.rank >= report.verdict.rank
    assert (worse.coverage.percent or 0) <= (report.coverage.percent or 0)


@given(report=day_reports)
def test_a_lost_record_of_the_coverage_never_improves_the_verdict(report: DayReport) -> None:
    worse = attrs.evolve(report, coverage=attrs.evolve(report.coverage, gaps=None))
    assert worse.verdict.rank >= report.verdict.rank


@given(report=day_reports, raw=st.integers(0, 3), eligible=st.integers(0, 3))
def test_more_differences_never_improve_the_verdict(report: DayReport, raw: int, eligible: int) -> None:
    stored = report.stored
    more = attrs.evolve(stored, raw_differ=stored.raw_differ + raw, eligible_differ=stored.eligible_differ + eligible)
    assert attrs.evolve(report, stored=more).verdict.rank >= report.verdict.rank


@given(report=day_reports, reason=st.sampled_from(Reason), count=st.integers(0, 500))
def test_more_rejections_never_improve_the_verdict(report: DayReport, reason: Reason, count: int) -> None:
    known = report.rejected or {}
    more = attrs.evolve(report, rejected={**known, str(reason): known.get(str(reason), 0) + count})
    assert more.verdict.rank >= report.verdict.rank


@given(report=day_reports)
def test_only_a_day_with_full_coverage_and_equal_candles_is_complete(report: DayReport) -> None:
    if report.verdict is Verdict.COMPLETE:
        assert report.stored.is_equal
        assert report.coverage.expected_ms in (0, report.coverage.covered_ms)


@given(trades=one_symbol, seed=st.integers())
def test_the_order_of_the_trades_changes_nothing(trades: list[Trade], seed: int) -> None:
    def tallied(given: list[Trade]) -> tuple[object, ...]:
        tally = DayTally()
        for trade in given:
            tally.add(trade)
        return tally.trades, tally.updates, tally.unknown_conditions, tally.candles()

    assert tallied(random.Random(seed).sample(trades, len(trades))) == tallied(trades)


@given(trades=one_symbol)
def test_a_tally_counts_each_trade_and_folds_as_the_candles_do(trades: list[Trade]) -> None:
    tally = DayTally()
    for trade in trades:
        tally.add(trade)
    assert tally.trades + tally.updates == len(trades)
    assert tally.candles() == sorted(fold(trades, MINUTE_MS).values(), key=lambda candle: candle.window_start_ms)


@given(trades=one_symbol, covered=st.none() | spans)
def test_the_candles_of_the_trades_themselves_do_not_differ(trades: list[Trade], covered: Spans | None) -> None:
    candles = list(fold(trades, MINUTE_MS).values())
    found = compare_candles(candles, candles, covered)
    assert (found.is_equal, found.late, found.candles) == (True, 0, len(candles))
    if covered is not None:
        assert found.complete is not None
        assert found.partial is not None
        assert found.complete + found.partial == len(candles)


@given(on_time=one_symbol, late=one_symbol)
def test_late_is_how_many_trades_the_stored_candles_lack(on_time: list[Trade], late: list[Trade]) -> None:
    found = compare_candles(fold(on_time + late, MINUTE_MS).values(), fold(on_time, MINUTE_MS).values(), covered=None)
    assert found.late == len(late)
    assert found.raw_differ == len({trade.timestamp_ms // MINUTE_MS for trade in late})
    # A candle that counts trades that are not stored differs as well, and nothing of it is late.
    surplus = compare_candles(fold(on_time, MINUTE_MS).values(), fold(on_time + late, MINUTE_MS).values(), covered=None)
    assert (surplus.raw_differ, surplus.late) == (found.raw_differ, 0)


@given(trades=st.lists(strategies.trades(symbol=st.just("AAPL")), min_size=1, max_size=20))
def test_a_difference_of_the_eligible_view_alone_is_counted_apart(trades: list[Trade]) -> None:
    candles = list(fold(trades, MINUTE_MS).values())
    view = attrs.evolve(candles[0].eligible, trade_count=candles[0].eligible.trade_count + 1)
    found = compare_candles(candles, [attrs.evolve(candles[0], eligible=view), *candles[1:]], covered=None)
    assert (found.raw_differ, found.eligible_differ) == (0, 1)


def test_the_worst_verdict_counts_and_no_report_at_all_is_missing() -> None:
    assert worst([Verdict.COMPLETE, Verdict.MISSING, Verdict.DEGRADED]) is Verdict.MISSING
    assert worst([Verdict.COMPLETE, Verdict.DEGRADED]) is Verdict.DEGRADED
    assert worst([Verdict.COMPLETE]) is Verdict.COMPLETE
    assert worst([]) is Verdict.MISSING
