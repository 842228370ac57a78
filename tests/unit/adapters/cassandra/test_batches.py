"""Rows are grouped by partition without losing, mixing or reordering what belongs together."""

import itertools
from collections import defaultdict
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from adapters.cassandra.writing import Row, batches

rows = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers()), max_size=200)


def grouped(given_rows: list[Row], batch_rows: int) -> list[list[Row]]:
    return list(batches(given_rows, partition_of=lambda row: row[0], key_of=lambda row: row[1], batch_rows=batch_rows))


@given(rows, st.integers(1, 20))
def test_a_group_is_of_one_partition_with_each_key_once_and_not_too_large(given_rows: list[Row], size: int) -> None:
    for group in grouped(given_rows, size):
        assert len({row[0] for row in group}) == 1
        assert len({row[1] for row in group}) == len(group)
        assert 1 <= len(group) <= size


@given(rows, st.integers(1, 20))
def test_written_in_turn_the_groups_leave_what_the_rows_would_have_left(given_rows: list[Row], size: int) -> None:
    def table(written: list[Row]) -> dict[object, Row]:
        return {row[:2]: row for row in written}

    assert table([row for group in grouped(given_rows, size) for row in group]) == table(given_rows)


def test_an_endless_stream_is_taken_in_bounded_pieces() -> None:
    taken = 0

    def endless() -> Iterator[Row]:
        nonlocal taken
        for n in itertools.count():
            taken = n + 1
            yield (n, 0)  # each a partition of its own, so that no group ever fills

    groups = batches(endless(), partition_of=lambda row: row[0], key_of=lambda row: row[1], batch_rows=50)
    sizes: dict[int, int] = defaultdict(int)
    for group in itertools.islice(groups, 30_000):
        sizes[len(group)] += 1
    assert sizes == {1: 30_000}
    assert taken < 60_000
