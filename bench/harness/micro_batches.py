"""Spark's micro-batches, as the aggregator's log tells of them: how long each took, and what with."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import attrs


@attrs.frozen(kw_only=True)
class Batches:
    """What a query did in a time; medians over its micro-batches."""

    count: int
    records: float
    seconds: float
    behind: int
    """Records that the topic held beyond the last of them when it was planned."""
    phases_ms: Mapping[str, float]

    @classmethod
    def of(cls, lines: Sequence[Mapping[str, Any]]) -> Self:
        """Sum up the log's lines of one query; at least one."""
        phases = {name for line in lines for name in line["phases_ms"]}
        return cls(
            count=len(lines),
            records=statistics.median(line["records"] for line in lines),
            seconds=statistics.median(line["seconds"] for line in lines),
            behind=lines[-1]["offsets_behind"],
            phases_ms={
                name: statistics.median(line["phases_ms"].get(name, 0) for line in lines) for name in sorted(phases)
            },
        )


def read_batches(log: Path, begin: int) -> dict[str, Batches]:
    """Read the log from a place on; gives each query that did anything, by name."""
    by_query: dict[str, list[Mapping[str, Any]]] = {}
    with log.open("rb") as file:
        file.seek(begin)
        for text in file:
            # Spark's own warnings stand between, and the last line may be half written.
            if text.startswith(b"{") and text.endswith(b"\n"):
                line = json.loads(text)
                if line.get("event") == "micro_batch":
                    by_query.setdefault(line["query"], []).append(line)
    return {query: Batches.of(lines) for query, lines in sorted(by_query.items())}
