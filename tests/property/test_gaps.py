"""Spans against the plainest model: a set of milliseconds."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gaps import CandleStatus, covered_spans, gaps, status, union
from domain.session import ENDS, CoverageSpan, SessionEvent, SessionEventKind
from tests.support.strategies import session_events

FIRST, LAST = 0, 12
"""A short time, checked millisecond by millisecond, so that spans often touch."""
moments = st.integers(FIRST, LAST)
few_names = st.sampled_from(["a", "b"])


@st.composite
def short_events(draw: st.DrawFn) -> SessionEvent:
    at_ms = draw(moments)
    return SessionEvent(
        instance=draw(few_names),
        session=draw(few_names),
        kind=draw(st.sampled_from(SessionEventKind)),
        at_ms=at_ms,
        seen_ms=draw(st.integers(FIRST, at_ms)),
        symbols=draw(st.dictionaries(st.sampled_from(["AAPL", "MSFT"]), moments, max_size=2)),
    )


histories = st.lists(short_events(), max_size=12)


def seen_at(
    events: list[SessionEvent], ms: int, *, now_ms: int | None, heartbeat_timeout_ms: int, delay_ms: int
) -> bool:
    """The model: ask each event, and each session that may still be open, about one millisecond of AAPL."""
    mine = [event for event in events if "AAPL" in event.symbols]
    if any(event.symbols["AAPL"] <= ms < event.seen_ms - delay_ms for event in mine):
        return True
    if now_ms is None or ms >= now_ms:
        return False
    for event in mine:
        session = [e for e in mine if (e.instance, e.session) == (event.instance, event.session)]
        signs = [e for e in session if e.kind not in ENDS]
        newest = max((e.at_ms for e in signs), default=None)
        if newest is None or now_ms - newest > heartbeat_timeout_ms:
            continue
        if any(e.kind in ENDS and e.at_ms >= newest for e in session):
            continue
        if ms >= max(e.symbols["AAPL"] for e in signs if e.at_ms == newest):
            return True
    return False


@given(histories, st.none() | moments, st.integers(0, 6), st.integers(0, 3))
def test_a_moment_is_covered_when_some_claim_includes_it(
    events: list[SessionEvent], now_ms: int | None, heartbeat_timeout_ms: int, delay_ms: int
) -> None:
    spans = covered_spans(events, "AAPL", now_ms=now_ms, heartbeat_timeout_ms=heartbeat_timeout_ms, delay_ms=delay_ms)
    for ms in range(FIRST - 1, LAST + 2):
        expected = seen_at(events, ms, now_ms=now_ms, heartbeat_timeout_ms=heartbeat_timeout_ms, delay_ms=delay_ms)
        assert any(span.start_ms <= ms < span.end_ms for span in spans) == expected, ms


@given(histories, st.none() | moments, st.randoms(use_true_random=False), st.data())
def test_order_and_repetition_change_nothing(
    events: list[SessionEvent], now_ms: int | None, rng: random.Random, data: st.DataObject
) -> None:
    again = events + data.draw(st.lists(st.sampled_from(events), max_size=5) if events else st.just([]))
    rng.shuffle(again)
    for given_ms in (now_ms, None):
        assert covered_spans(again, "AAPL", now_ms=given_ms) == covered_spans(events, "AAPL", now_ms=given_ms)


@given(histories, histories)
def test_events_that_are_lost_never_hide_a_gap(events: list[SessionEvent], lost: list[SessionEvent]) -> None:
    all_of_them = covered_spans(events + lost, "AAPL")
    for span in covered_spans(events, "AAPL"):
        assert not gaps(all_of_them, *span)


@given(st.lists(st.tuples(moments, moments).map(lambda pair: CoverageSpan(*pair)), max_size=10))
def test_a_union_is_in_order_with_room_between(spans: list[CoverageSpan]) -> None:
    merged = union(spans)
    assert all(span.start_ms < span.end_ms for span in merged)
    assert all(one.end_ms < other.start_ms for one, other in itertools.pairwise(merged))
    assert union(merged) == merged


@given(histories, moments, moments)
def test_gaps_are_the_moments_of_a_span_that_are_not_covered(
    events: list[SessionEvent], start_ms: int, end_ms: int
) -> None:
    spans = covered_spans(events, "AAPL", delay_ms=0)
    missing = gaps(spans, start_ms, end_ms)
    for ms in range(FIRST - 1, LAST + 2):
        is_seen = seen_at(events, ms, now_ms=None, heartbeat_timeout_ms=0, delay_ms=0)
        is_gap = any(gap.start_ms <= ms < gap.end_ms for gap in missing)
        assert is_gap == (start_ms <= ms < end_ms and not is_seen)
    assert union(missing) == missing


@given(histories, moments, moments, st.integers(0, 2))
def test_a_status_says_how_much_of_the_window_was_seen(
    events: list[SessionEvent], start_ms: int, end_ms: int, trades: int
) -> None:
    if start_ms >= end_ms:
        return
    each = [seen_at(events, ms, now_ms=None, heartbeat_timeout_ms=0, delay_ms=0) for ms in range(start_ms, end_ms)]
    found = status(covered_spans(events, "AAPL", delay_ms=0), start_ms, end_ms, trades=trades)
    if all(each):
        assert found is (CandleStatus.COMPLETE if trades else CandleStatus.NO_TRADES)
    elif any(each) or trades:
        assert found is CandleStatus.PARTIAL
    else:
        assert found is CandleStatus.NOT_CONNECTED


@given(session_events(symbol=st.just("AAPL")))
def test_other_symbols_are_none_of_its_business(event: SessionEvent) -> None:
    assert not covered_spans([event], "MSFT", now_ms=event.at_ms)


def alive(at_ms: int, seen_ms: int, *, instance: str = "a", since_ms: int = 0) -> SessionEvent:
    return SessionEvent(
        instance=instance, session="1", kind=SessionEventKind.ALIVE, at_ms=at_ms, seen_ms=seen_ms, symbols={"AAPL": since_ms}
    )  # fmt: skip


def test_one_heartbeat_is_enough_for_all_the_time_before_it() -> None:
    assert covered_spans([alive(100_000, 99_000)], "AAPL") == [CoverageSpan(0, 98_000)]


def test_a_second_producer_covers_for_the_first_while_it_is_down() -> None:
    first = [alive(60_000, 60_000), alive(120_000, 120_000, since_ms=80_000)]
    second = alive(100_000, 100_000, instance="b", since_ms=40_000)
    assert gaps(covered_spans(first, "AAPL"), 0, 119_000) == [CoverageSpan(59_000, 80_000)]
    assert not gaps(covered_spans([*first, second], "AAPL"), 0, 119_000)


@pytest.mark.parametrize(("now_ms", "end_ms"), [(125_000, 125_000), (150_000, 150_000), (150_001, 79_000)])
def test_a_session_goes_on_until_now_unless_it_was_quiet_for_too_long(now_ms: int, end_ms: int) -> None:
    assert covered_spans([alive(120_000, 80_000)], "AAPL", now_ms=now_ms) == [CoverageSpan(0, end_ms)]


@pytest.mark.parametrize("end_ms", [8, 9, 10])
def test_what_ended_just_before_a_span_has_no_part_in_it(end_ms: int) -> None:
    assert gaps([CoverageSpan(0, end_ms)], 10, 20) == [CoverageSpan(10, 20)]
