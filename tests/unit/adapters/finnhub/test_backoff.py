import random

from adapters.finnhub.backoff import Backoff


class Highest(random.Random):
    """Draws the highest number every time."""

    def uniform(self, a: float, b: float) -> float:
        return b


def backoff(rng: random.Random) -> Backoff:
    return Backoff(base_s=1.0, cap_s=30.0, rate_limited_base_s=30.0, rate_limited_cap_s=300.0, rng=rng)


def test_the_ceiling_doubles_up_to_the_cap() -> None:
    waits = backoff(Highest())
    assert [waits.after_failure() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_jitter_is_full() -> None:
    waits = backoff(random.Random(1))
    drawn = [waits.after_failure() for _ in range(200)]
    assert all(0 <= wait <= 30 for wait in drawn)
    assert min(drawn[10:]) < 3
    assert max(drawn) > 27


def test_a_rate_limit_starts_from_30_s_and_doubles() -> None:
    waits = backoff(Highest())
    assert [waits.after_rate_limit() for _ in range(5)] == [45, 90, 180, 360, 450]


def test_a_rate_limit_is_never_shorter_than_asked_nor_endless() -> None:
    waits = backoff(random.Random(1))
    assert 100 <= waits.after_rate_limit(100) <= 150
    assert waits.after_rate_limit(1e9) <= 450


def test_it_goes_on_for_years() -> None:
    waits = backoff(Highest())
    assert [waits.after_failure() for _ in range(10_000)][-1] == 30
    assert [waits.after_rate_limit() for _ in range(10_000)][-1] == 450


def test_after_a_reset_it_starts_from_the_first_wait() -> None:
    waits = backoff(Highest())
    for _ in range(5):
        waits.after_failure()
    waits.reset()
    assert waits.after_failure() == 1
