import pytest

from bench.harness.warmup import WarmUp


def test_the_clock_starts_after_a_fifth_of_the_records() -> None:
    warm_up = WarmUp(100)
    for count in (15, 6, 79):
        warm_up.add(count)
    assert warm_up.count == 100
    assert warm_up.stop().items == 79


def test_fewer_records_than_the_warm_up_are_an_error() -> None:
    warm_up = WarmUp(100)
    warm_up.add(10)
    with pytest.raises(AssertionError, match="only 10 records"):
        warm_up.stop()


def test_most_records_in_one_batch_are_an_error() -> None:
    warm_up = WarmUp(100)
    for count in (15, 80, 5):
        warm_up.add(count)
    with pytest.raises(AssertionError, match="only 5 of 100"):
        warm_up.stop()


def test_the_warm_up_may_be_shorter() -> None:
    warm_up = WarmUp(100, share=1)
    for count in (3, 92, 5):
        warm_up.add(count)
    assert warm_up.stop().items == 97
