from typing import Any

import pytest

from bench.harness.latencies import NEVER_MS, Latencies
from bench.harness.steps import Step


def step(*, carried: float = 1_000, candles: float = 1_000.0, complete: bool = True) -> Step:
    latencies = Latencies(trades=[1_000.0], candles=[candles], feed=[1.0], complete=complete)
    return Step(
        rate=1_000, carried=carried, latencies=latencies, cores={}, rss={}, micro_batches={}, kafka_bytes_per_trade=100
    )


def test_a_rate_is_sustained_when_all_trades_are_readable_in_time() -> None:
    assert step().sustained


@pytest.mark.parametrize("broken", [{"carried": 900}, {"candles": 5_001.0}, {"candles": NEVER_MS}, {"complete": False}])
def test_a_rate_is_not_sustained_when_trades_or_candles_are_late_or_missing(broken: dict[str, Any]) -> None:
    assert not step(**broken).sustained
