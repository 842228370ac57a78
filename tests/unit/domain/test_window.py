import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.window import (
    EARLIEST_MS,
    LATEST_MS,
    TIME_PATTERN,
    day_start_ms,
    partition_day,
    to_datetime,
    to_ms,
    window_start_ms,
)

moments = st.integers(-62_135_596_800_000, 253_402_300_799_999)


@given(st.integers(), st.integers(1, 10**10))
def test_a_window_holds_its_moment_and_is_aligned_to_the_epoch(timestamp_ms: int, length_ms: int) -> None:
    start = window_start_ms(timestamp_ms, length_ms)
    assert start <= timestamp_ms < start + length_ms
    assert start % length_ms == 0


@given(moments)
def test_moments_and_datetimes_are_the_same_to_the_millisecond(timestamp_ms: int) -> None:
    assert to_ms(to_datetime(timestamp_ms)) == timestamp_ms


@given(moments)
def test_a_moment_lies_in_its_partition_day(timestamp_ms: int) -> None:
    start = day_start_ms(partition_day(timestamp_ms))
    assert start <= timestamp_ms < start + 86_400_000


@given(
    st.integers(-(10**15), 10**15)
    | st.sampled_from([EARLIEST_MS - 1, EARLIEST_MS, EARLIEST_MS + 1, LATEST_MS - 1, LATEST_MS, LATEST_MS + 1])
)
def test_the_pattern_of_times_matches_the_valid_times_alone(moment_ms: int) -> None:
    is_valid = EARLIEST_MS <= moment_ms <= LATEST_MS
    assert (re.fullmatch(TIME_PATTERN, str(moment_ms)) is not None) == is_valid


def test_the_partition_day_is_in_utc() -> None:
    assert partition_day(to_ms(datetime(2019, 10, 11, 23, 59, 59, 999_000, tzinfo=UTC))) == date(2019, 10, 11)


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_ms(datetime(2019, 10, 11))  # noqa: DTZ001


def test_a_window_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        window_start_ms(5, 0)
