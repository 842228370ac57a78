import json
from pathlib import Path
from typing import Any

from bench.harness.micro_batches import read_micro_batches


def line(query: str, **fields: Any) -> str:
    defaults = {"records": 10, "seconds": 1.0, "offsets_behind": 0, "phases_ms": {"addBatch": 800}}
    return json.dumps({"event": "micro_batch", "query": query, **defaults, **fields}) + "\n"


def test_the_log_is_read_from_an_offset_and_other_lines_are_skipped(tmp_path: Path) -> None:
    log = tmp_path / "aggregator.log"
    old = line("trades", seconds=99.0)
    new = (
        line("trades", records=10, seconds=1.0)
        + "26/11/23 WARN a warning of Spark\n"
        + line("trades", records=30, seconds=3.0, offsets_behind=7)
        + json.dumps({"event": "query_ended", "query": "trades"})
        + "\n"
        + line("candles", phases_ms={"addBatch": 500, "walCommit": 20})
        + line("candles")[:20]
    )
    log.write_text(old + new)
    found = read_micro_batches(log, len(old))
    assert (found["trades"].count, found["trades"].records, found["trades"].seconds) == (2, 20, 2.0)
    assert found["trades"].behind == 7
    assert found["candles"].phases_ms == {"addBatch": 500, "walCommit": 20}
