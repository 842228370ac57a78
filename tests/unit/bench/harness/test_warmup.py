import pytest

from bench.harness.warmup import Warm


def test_the_clock_begins_after_a_fifth() -> None:
    warm = Warm(100)
    for count in (15, 15, 70):
        warm.take(count)
    assert warm.taken == 100
    assert warm.stop().items == 70


def test_a_topic_that_holds_less_than_the_warm_up_gives_no_figure() -> None:
    warm = Warm(100)
    warm.take(10)
    with pytest.raises(AssertionError, match="only 10 records"):
        warm.stop()


def test_a_path_that_takes_most_at_once_gives_no_figure() -> None:
    warm = Warm(100)
    for count in (15, 80, 5):
        warm.take(count)
    with pytest.raises(AssertionError, match="only 5 of 100"):
        warm.stop()


def test_the_warm_up_may_be_shorter() -> None:
    warm = Warm(100, share=1)
    for count in (3, 92, 5):
        warm.take(count)
    assert warm.stop().items == 97
