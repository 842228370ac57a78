"""Spark's micro-batches as the aggregator logs them: duration, records and phases."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import attrs


@attrs.frozen(kw_only=True)
class MicroBatches:
    """The micro-batches of one query in a period. Figures are medians over the micro-batches."""

    count: int
    records: float
    seconds: float
    behind: int
    """Records on the topic beyond the last micro-batch when Spark planned it."""
    phases_ms: Mapping[str, float]

    @classmethod
    def of(cls, lines: Sequence[Mapping[str, Any]]) -> Self:
        """Summarise the log lines of one query, at least one."""
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


def read_micro_batches(log: Path, offset: int) -> dict[str, MicroBatches]:
    """Read the log from a byte offset on. Return the micro-batches of each query that ran any, by the query's name."""
    by_query: dict[str, list[Mapping[str, Any]]] = {}
    with log.open("rb") as file:
        file.seek(offset)
        for text in file:
            # Spark's own warnings stand between the JSON lines, and the last line may be incomplete.
            if text.startswith(b"{") and text.endswith(b"\n"):
                line = json.loads(text)
                if line.get("event") == "micro_batch":
                    by_query.setdefault(line["query"], []).append(line)
    return {query: MicroBatches.of(lines) for query, lines in sorted(by_query.items())}
