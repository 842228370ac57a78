"""Whether Spark has stored everything that is on the topic: its committed offsets against the topic's ends.

A streaming query's checkpoint has a file of offsets for each batch (`offsets/N`), written before the batch runs, and one in `commits/N`, written
when it is done. What the newest committed batch reached is stored.
"""

import json
from collections.abc import Mapping
from pathlib import Path


def committed_offsets(checkpoint: Path, topic: str) -> dict[int, int]:
    """Give, by partition, the offset up to which a query has stored the topic; empty before its first batch."""
    done = [int(file.name) for file in (checkpoint / "commits").glob("*") if file.name.isdigit()]
    if not done:
        return {}
    # Version, metadata, then a line for each source: the query has one.
    lines = (checkpoint / "offsets" / str(max(done))).read_text(encoding="utf-8").splitlines()
    source: dict[str, dict[str, int]] = json.loads(lines[2])
    return {int(partition): offset for partition, offset in source.get(topic, {}).items()}


def caught_up(checkpoints: list[Path], topic: str, ends: Mapping[int, int]) -> bool:
    """Say whether every query has stored all records before these ends."""
    return all(
        all(committed.get(partition, 0) >= end for partition, end in ends.items())
        for committed in (committed_offsets(checkpoint, topic) for checkpoint in checkpoints)
    )
