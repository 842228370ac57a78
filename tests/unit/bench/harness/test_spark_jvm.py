import pytest

from bench.harness.spark_jvm import measured


def test_a_third_of_the_full_micro_batches_is_the_warm_up() -> None:
    assert measured([500] * 6) == (1, 5)
    assert measured([500, 500, 500]) == (0, 2)


def test_a_remainder_and_a_micro_batch_without_records_are_not_measured() -> None:
    assert measured([500, 499, 498, 500, 7, 0]) == (1, 3)


def test_one_micro_batch_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="fewer than two"):
        measured([500, 3, 0])
