import os
import time

from bench.harness.usage import Usage


def test_usage_contains_the_cpu_time_and_memory_of_a_process() -> None:
    before, started_s = Usage.of({"me": os.getpid()}), time.process_time()
    while time.process_time() < started_s + 0.2:
        sum(range(1_000))
    after = Usage.of({"me": os.getpid()})
    assert after.cores_since(before)["me"] > 0
    assert after.rss["me"] > 2**20


def test_a_process_that_has_ended_counts_as_zero() -> None:
    gone = Usage.of({"gone": 2**22 + 1})
    assert gone.cpu_s == {"gone": 0}
    assert gone.rss == {"gone": 0}
