"""Days of a span, and times as the driver gives them."""

from datetime import UTC, date, datetime, timedelta

from cassandra.cqltypes import DateType
from hypothesis import given
from hypothesis import strategies as st

from adapters.cassandra.reading import clamp_ms, days
from adapters.cassandra.times import ms_of
from domain.window import day_start_ms, partition_day, to_ms

DAY_MS = 86_400_000
FIRST_MS = to_ms(datetime.min.replace(tzinfo=UTC))
LAST_MS = to_ms(datetime.max.replace(tzinfo=UTC))
moments = st.integers(FIRST_MS, LAST_MS)
near = st.integers(-DAY_MS * 40, DAY_MS * 40)


@given(moments)
def test_a_moment_survives_the_driver(moment_ms: int) -> None:
    assert ms_of(DateType.deserialize(DateType.serialize(moment_ms, 5), 5)) == moment_ms


@given(near, near)
def test_the_days_of_a_span_are_those_that_it_touches(start_ms: int, end_ms: int) -> None:
    touched = list(days(start_ms, end_ms))
    assert touched == sorted(set(touched))
    if start_ms >= end_ms:
        assert touched == []
    else:
        assert touched[0] == partition_day(start_ms)
        assert day_start_ms(touched[-1]) < end_ms <= day_start_ms(touched[-1]) + DAY_MS
        assert len(touched) == (touched[-1] - touched[0]).days + 1


def test_days_are_made_as_they_are_asked_for() -> None:
    endless = days(-(2**63), 2**63)
    assert [next(endless), next(endless)] == [date.min, date.min + timedelta(days=1)]


def test_the_last_day_of_all_has_an_end() -> None:
    assert list(days(LAST_MS, 2**63)) == [date.max]


@given(st.integers(-(2**70), 2**70))
def test_a_clamped_moment_fits_the_servers_timestamps(moment_ms: int) -> None:
    assert FIRST_MS <= clamp_ms(moment_ms) <= LAST_MS + 1
