from typing import Any

import pytest

from bench.harness.steps import Step
from bench.harness.visibility import NEVER_MS, Latencies


def step(*, carried: float = 1_000, candles: float = 1_000.0, whole: bool = True) -> Step:
    latencies = Latencies(trades=[1_000.0], candles=[candles], feed=[1.0], whole=whole)
    return Step(rate=1_000, carried=carried, latencies=latencies, cores={}, rss={}, batches={}, log_bytes=100)


def test_a_rate_is_held_when_all_came_through_and_was_readable_in_time() -> None:
    assert step().held


@pytest.mark.parametrize("broken", [{"carried": 900}, {"candles": 5_001.0}, {"candles": NEVER_MS}, {"whole": False}])
def test_a_rate_is_not_held_when_trades_or_candles_are_late_or_missing(broken: dict[str, Any]) -> None:
    assert not step(**broken).held
