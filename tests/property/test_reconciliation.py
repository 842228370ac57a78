"""Which windows of a day are judged, and how long a correction lives."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reconciliation import DayError, DayPlan, Retention, plan_day
from domain.rules import DAY_MS
from domain.window import MINUTE_MS, day_start_ms, partition_day, window_start_ms

DAY = date(2026, 1, 5)
START_MS = day_start_ms(DAY)
RETENTION = Retention(trades_s=30 * 86_400, candles_s=90 * 86_400)
HOUR_MS = 3_600_000


def plan(now_ms: int, **changes: object) -> DayPlan:
    usual: dict[str, object] = {
        "now_ms": now_ms, "window_ms": MINUTE_MS, "behind_ms": 6 * MINUTE_MS, "retention": RETENTION
    }  # fmt: skip
    return plan_day(DAY, **{**usual, **changes})  # type: ignore[arg-type]


@given(st.integers(0, 29 * DAY_MS))
def test_only_windows_that_ended_long_enough_ago_are_judged(age_ms: int) -> None:
    assert plan(START_MS + age_ms).closed_ms == START_MS + age_ms - 6 * MINUTE_MS


@given(st.integers(0, 29 * DAY_MS))
def test_a_correction_expires_when_a_candle_of_the_end_of_the_day_would(age_ms: int) -> None:
    now_ms = START_MS + age_ms
    ttl_s = plan(now_ms).candles_ttl_s
    assert ttl_s is not None
    # Never longer than any candle lives, never past the day's, and less than a second short of both.
    limit_ms = min(now_ms, START_MS + DAY_MS) + RETENTION.candles_s * 1000
    assert limit_ms - 1000 < now_ms + ttl_s * 1000 <= limit_ms


@pytest.mark.parametrize("since_ms", [-HOUR_MS, 0, DAY_MS - 1, DAY_MS, 60 * DAY_MS])
def test_a_day_whose_trades_have_begun_to_expire_is_refused(since_ms: int) -> None:
    with pytest.raises(DayError, match="have begun to expire"):
        plan(START_MS + 30 * DAY_MS + since_ms)
    assert plan(START_MS + 30 * DAY_MS - HOUR_MS - 1)


def test_a_day_that_has_not_begun_is_refused() -> None:
    with pytest.raises(DayError, match="has not begun"):
        plan(START_MS - 1)


def test_trades_of_a_replay_live_from_its_day() -> None:
    now_ms = START_MS + 1_000 * DAY_MS
    replayed = partition_day(now_ms - DAY_MS)
    ttl_s = plan(now_ms, written=replayed).candles_ttl_s
    assert ttl_s == RETENTION.candles_s
    with pytest.raises(DayError, match="have begun to expire"):
        plan(now_ms, written=replayed - timedelta(days=29))
    with pytest.raises(DayError, match="not begun"):
        plan(now_ms, written=replayed + timedelta(days=2))


def test_what_never_expires_is_never_refused() -> None:
    forever = Retention(trades_s=0, candles_s=0)
    assert plan(START_MS + 10_000 * DAY_MS, retention=forever).candles_ttl_s is None


def test_candles_that_expire_before_trades_are_not_written() -> None:
    with pytest.raises(DayError, match="candles of 2026-01-05 expire"):
        plan(START_MS + 8 * DAY_MS, retention=Retention(trades_s=0, candles_s=7 * 86_400))


@given(
    st.sampled_from([1, 1_000, 7_777, MINUTE_MS, 7 * HOUR_MS, DAY_MS, 3 * DAY_MS + 1, 7 * DAY_MS])
    | st.integers(1, 9 * DAY_MS)
)
def test_the_days_of_trades_are_those_of_the_windows_that_begin_on_the_day(window_ms: int) -> None:
    days = plan(START_MS + DAY_MS, window_ms=window_ms).trade_days
    first_ms = window_start_ms(START_MS - 1, window_ms) + window_ms
    if first_ms >= START_MS + DAY_MS:
        assert days == ()
        return
    last_ms = window_start_ms(START_MS + DAY_MS - 1, window_ms) + window_ms - 1
    assert days[0] == DAY
    assert days[-1] == partition_day(last_ms)
    assert len(days) == (days[-1] - days[0]).days + 1
