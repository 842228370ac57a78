import pytest

from bench.harness.warmup import WarmUp


def test_the_clock_begins_after_a_fifth() -> None:
    warm_up = WarmUp(100)
    for count in (15, 15, 70):
        warm_up.add(count)
    assert warm_up.count == 100
    assert warm_up.stop().items == 70


def test_a_topic_that_holds_less_than_the_warm_up_gives_no_figure() -> None:
    warm_up = WarmUp(100)
    warm_up.add(10)
    with pytest.raises(AssertionError, match="only 10 records"):
        warm_up.stop()


def test_a_path_that_takes_most_at_once_gives_no_figure() -> None:
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
