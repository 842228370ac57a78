"""The offsets that Spark has committed, and whether they reach the ends of the topic.

The checkpoint of a streaming query has a file of offsets for each batch (`offsets/N`), written before the batch runs, and a file `commits/N`, written
after it. Everything before the offsets of the newest committed batch is stored.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from .layout import trade_checkpoints

_SOURCE_LINE = 2
"""A file of offsets has a version, metadata, and then a line for each source; each query has one source."""


def parse_offsets(text: str) -> dict[str, dict[int, int]]:
    """Return the next offset to read, by topic and partition, from the text of an offsets file. Raise ValueError if it is not one."""
    lines = text.splitlines()
    if len(lines) <= _SOURCE_LINE:
        raise ValueError("a file of offsets has three lines")
    source: dict[str, dict[str, int]] = json.loads(lines[_SOURCE_LINE])
    return {
        topic: {int(partition): offset for partition, offset in partitions.items()}
        for topic, partitions in source.items()
    }


def committed_offsets(query: Path, topic: str) -> dict[int, int]:
    """Return, by partition, the offset up to which the query with this checkpoint has stored the topic; empty before its first batch."""
    done = [int(file.name) for file in (query / "commits").glob("*") if file.name.isdigit()]
    if not done:
        return {}
    text = (query / "offsets" / str(max(done))).read_text(encoding="utf-8")
    return parse_offsets(text).get(topic, {})


def caught_up(checkpoint: Path, topic: str, ends: Mapping[int, int]) -> bool:
    """Return whether both queries that read trades have stored all records before these ends, by the checkpoint folder of the aggregator."""
    return all(
        committed.get(partition, 0) >= end
        for committed in (committed_offsets(query, topic) for query in trade_checkpoints(checkpoint))
        for partition, end in ends.items()
    )
