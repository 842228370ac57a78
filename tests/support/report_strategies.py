"""Hypothesis strategies for the reports of days and what they are made of."""

from datetime import date

from hypothesis import strategies as st

from domain.day_report import DayReport, ExpectedCoverage
from domain.day_summary import StoredCandles
from domain.gaps import Spans, union
from domain.rejection import Reason
from domain.session import CoverageSpan

from .strategies import T0_MS, symbols

HOUR_MS = 3_600_000
DAY = date(2023, 11, 14)
counts = st.integers(0, 1_000)

spans: st.SearchStrategy[Spans] = st.lists(
    st.tuples(st.integers(0, 2 * HOUR_MS), st.integers(0, HOUR_MS)).map(
        lambda pair: CoverageSpan(T0_MS + pair[0], T0_MS + pair[0] + pair[1])
    ),
    max_size=6,
).map(union)
"""What was covered: spans over three hours."""


@st.composite
def coverages(draw: st.DrawFn) -> ExpectedCoverage:
    """The coverage of up to two expected hours, sometimes of none, sometimes not known."""
    expected = CoverageSpan(T0_MS, T0_MS + draw(st.just(0) | st.integers(0, 2 * HOUR_MS)))
    return ExpectedCoverage.of(expected, draw(st.none() | spans))


stored_candles = st.builds(
    StoredCandles,
    candles=counts,
    raw_differ=st.just(0) | counts,
    eligible_differ=st.just(0) | counts,
    late=counts,
    complete=st.none() | counts,
    partial=st.none() | counts,
)
rejections = st.none() | st.dictionaries(st.sampled_from([str(reason) for reason in Reason]), counts, max_size=3)
day_reports = st.builds(
    DayReport,
    symbol=symbols,
    day=st.just(DAY),
    end_ms=st.integers(T0_MS, T0_MS + HOUR_MS),
    coverage=coverages(),
    trades=st.just(0) | counts,
    updates=st.just(0) | counts,
    unknown_conditions=counts,
    stored=stored_candles,
    rejected=rejections,
    redelivered=st.none() | counts,
    corrections=st.none() | counts,
)
