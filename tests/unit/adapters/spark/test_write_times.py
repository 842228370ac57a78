"""Write times only grow, whatever the clock does and however often the program starts again."""

import itertools
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from adapters.spark.write_times import BOUND_STEP_US, KeptBound, WriteTimes

HOUR_US = 3_600_000_000


@attrs.define
class InMemory:
    value: int = 0
    writes: int = 0

    def read(self) -> int:
        return self.value

    def keep(self, value: int) -> None:
        assert value > self.value
        self.value = value
        self.writes += 1


# Runs of the program, each with what its clock says at each micro-batch.
runs = st.lists(st.lists(st.integers(0, 3 * HOUR_US), max_size=8), max_size=8)


@given(runs)
def test_each_is_greater_than_all_before_whatever_the_clock_says(clocks: list[list[int]]) -> None:
    bound, times = InMemory(), [0]
    for clock in clocks:
        said = iter(clock)
        run = WriteTimes(bound, lambda: next(said))  # noqa: B023
        times += [run.next() for _ in clock]
    # Between two there is room for a correction.
    assert all(later >= earlier + 2 for earlier, later in itertools.pairwise(times[1:]))
    assert times[1:] == [] or times[1] > 0


def test_it_is_the_clocks_time_where_the_clock_goes_on() -> None:
    said = [HOUR_US, HOUR_US + 1_000_000, HOUR_US + 2_000_000]
    clock = iter(said)
    times = WriteTimes(InMemory(), lambda: next(clock))
    assert [times.next() for _ in said] == said


def test_the_bound_is_kept_in_steps() -> None:
    bound, clock = InMemory(), iter(range(HOUR_US, 2 * HOUR_US, 1_000_000))
    times = WriteTimes(bound, lambda: next(clock))
    for _ in range(100):
        times.next()
    assert bound.writes <= 100 * 1_000_000 / BOUND_STEP_US + 1


@pytest.mark.servers
def test_a_bound_is_kept_in_a_folder_alone(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    assert KeptBound(spark, str(folder)).read() == 0
    for value in (5, 17, 1_700_000_000_000_000):
        KeptBound(spark, str(folder)).keep(value)
        assert KeptBound(spark, str(folder)).read() == value
    assert [file.name for file in folder.iterdir() if not file.name.startswith(".")] == ["1700000000000000"]
