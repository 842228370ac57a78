"""How long tests wait: as long as this machine needs, never a constant.

A limit in a test is written in seconds of a machine of usual speed, and multiplied by `FACTOR` before it is used. The factor is measured once a
session, by a fixed piece of work, and is at least 1. `TAPELINE_TEST_TIMEOUT_FACTOR` raises it by hand: for a machine that is fast while it
measures and slow afterwards. As a pytest plugin, this module multiplies the limits of pytest-timeout as well.

A wait ends as soon as its condition holds, so a large factor costs no time in a test that passes.
"""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Final

import pytest

_VARIABLE: Final = "TAPELINE_TEST_TIMEOUT_FACTOR"
_WORK: Final = 200_000
_USUAL_WORK_S: Final = 0.010
"""How long the work takes where the limits in the tests are generous."""
_POLL_S: Final = 0.01


def _work_s() -> float:
    begun = time.perf_counter()
    total = 0
    for number in range(_WORK):
        total += number & 7
    return time.perf_counter() - begun


def _measure() -> float:
    """Return how many times slower than usual this machine is at this moment, other programs included; at least 1."""
    return max(1.0, statistics.median(_work_s() for _ in range(7)) / _USUAL_WORK_S)


FACTOR: Final = max(_measure(), float(os.environ.get(_VARIABLE) or 1))
"""By how much every limit is multiplied; at least 1."""


def scaled(seconds: float) -> float:
    """Return the limit for this machine, in seconds."""
    return seconds * FACTOR


TIMEOUT_S: Final = scaled(60.0)
"""The usual limit for what must happen soon."""


def wait_until(
    condition: Callable[[], bool], what: str = "the condition", timeout_s: float = TIMEOUT_S, poll_s: float = _POLL_S
) -> None:
    """Wait until the condition holds; check it every `poll_s` seconds. `timeout_s` is already scaled. Raise AssertionError after it."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"after {timeout_s:.0f} s still waiting for: {what}"
        time.sleep(poll_s)


def pytest_report_header() -> str:
    """Return the line with the factor at the start of the session."""
    return f"timeouts: x {FACTOR:.1f} ({_VARIABLE} raises it)"


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Multiply the limit of each test."""
    usual_s = config.getoption("timeout") or config.getini("timeout") or 0
    for item in items:
        marker = item.get_closest_marker("timeout")
        limit_s = float(marker.args[0] if marker is not None else usual_s)
        item.add_marker(pytest.mark.timeout(scaled(limit_s)), append=False)
