import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from bench.batches import read_batches
from bench.steps import Step
from bench.usage import Usage
from bench.visible import NEVER_MS, Latencies


def line(query: str, **fields: Any) -> str:
    usual = {"records": 10, "seconds": 1.0, "offsets_behind": 0, "phases_ms": {"addBatch": 800}}
    return json.dumps({"event": "micro_batch", "query": query, **usual, **fields}) + "\n"


def test_the_log_is_read_from_a_place_on_past_what_is_no_micro_batch(tmp_path: Path) -> None:
    log = tmp_path / "aggregator.log"
    old = line("trades", seconds=99.0)
    new = (
        line("trades", records=10, seconds=1.0)
        + "26/11/23 WARN Spark has something to say\n"
        + line("trades", records=30, seconds=3.0, offsets_behind=7)
        + json.dumps({"event": "query_ended", "query": "trades"})
        + "\n"
        + line("candles", phases_ms={"addBatch": 500, "walCommit": 20})
        + line("candles")[:20]
    )
    log.write_text(old + new)
    found = read_batches(log, len(old))
    assert (found["trades"].count, found["trades"].records, found["trades"].seconds) == (2, 20, 2.0)
    assert found["trades"].behind == 7
    assert found["candles"].phases_ms == {"addBatch": 500, "walCommit": 20}


def step(*, carried: float = 1_000, candles: float = 1_000.0, whole: bool = True) -> Step:
    latencies = Latencies(trades=[1_000.0], candles=[candles], feed=[1.0], whole=whole)
    return Step(rate=1_000, carried=carried, latencies=latencies, cores={}, rss={}, batches={}, log_bytes=100)


def test_a_rate_is_held_when_all_came_through_and_was_readable_in_time() -> None:
    assert step().held


@pytest.mark.parametrize("broken", [{"carried": 900}, {"candles": 5_001.0}, {"candles": NEVER_MS}, {"whole": False}])
def test_a_rate_is_not_held_when_trades_or_candles_are_late_or_missing(broken: dict[str, Any]) -> None:
    assert not step(**broken).held


def test_the_usage_of_a_process_is_that_of_its_work() -> None:
    before, begun_s = Usage.of({"me": os.getpid()}), time.process_time()
    while time.process_time() < begun_s + 0.2:
        sum(range(1_000))
    after = Usage.of({"me": os.getpid()})
    assert after.cores_since(before)["me"] > 0
    assert after.rss["me"] > 2**20


def test_a_process_that_is_gone_has_used_nothing() -> None:
    gone = Usage.of({"gone": 2**22 + 1})
    assert gone.cpu_s == {"gone": 0}
    assert gone.rss == {"gone": 0}
