"""What each micro-batch did, as a value, told to whoever wants to know; an idle stream says nothing.

Spark posts progress from a thread of its own, after the micro-batch is committed. What a listener raises is logged by PySpark and stops nothing.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import structlog
from pyspark.sql.streaming.listener import (
    QueryProgressEvent,
    QueryStartedEvent,
    QueryTerminatedEvent,
    StreamingQueryListener,
)

from .queries import DECODED

log = structlog.get_logger(__name__)


@attrs.frozen(kw_only=True)
class BatchProgress:
    """One micro-batch of one query."""

    query: str
    batch_id: int
    records: int
    """Records read."""
    seconds: float
    """The whole trigger, from asking Kafka for offsets to the commit."""
    offsets_behind: int
    """Records that the topic held beyond this batch when it began."""
    rejected: int | None
    """Records rejected; None where the query does not count them in its progress (`trades` counts in its sink)."""
    late_rows: int | None
    """What the watermark dropped, None without a watermark. Spark folds before it asks, so this is pairs of a task and a candle, not trades."""
    watermark: str | None
    """ISO 8601, UTC."""
    phases_ms: Mapping[str, int]
    """Spark's own split of the time."""


def read_progress(report: Mapping[str, Any]) -> BatchProgress:
    """Read the JSON that Spark reports of a micro-batch."""
    operators = report.get("stateOperators") or []
    counts = (report.get("observedMetrics") or {}).get(DECODED)
    phases = dict(report.get("durationMs") or {})
    return BatchProgress(
        query=report.get("name") or "",
        batch_id=report["batchId"],
        records=sum(_records(source) for source in report.get("sources", [])),
        seconds=phases.pop("triggerExecution", 0) / 1000,
        offsets_behind=sum(_behind(source.get("metrics") or {}) for source in report.get("sources", [])),
        rejected=None if counts is None else counts["rejected"],
        late_rows=sum(operator.get("numRowsDroppedByWatermark", 0) for operator in operators) if operators else None,
        watermark=(report.get("eventTime") or {}).get("watermark"),
        phases_ms=phases,
    )


def _records(source: Mapping[str, Any]) -> int:
    """Count by offsets: Spark's own count has the records of a batch once more for each time that a sink read it."""
    ends, starts = source.get("endOffset"), source.get("startOffset") or {}
    if not isinstance(ends, dict):
        return int(source["numInputRows"])
    return sum(
        end - starts.get(topic, {}).get(partition, 0)
        for topic, partitions in ends.items()
        for partition, end in partitions.items()
    )


def _behind(metrics: Mapping[str, str]) -> int:
    # Spark reports the average over partitions and their greatest, in text; there is no sum, so this is the worst partition.
    return int(float(metrics.get("maxOffsetsBehindLatest", "0")))


def log_progress(progress: BatchProgress) -> None:
    """Log a micro-batch."""
    fields = attrs.asdict(progress)
    log.info("micro_batch", **{name: value for name, value in fields.items() if value is not None})


class ProgressListener(StreamingQueryListener):
    """Tell `on_batch` of each micro-batch that read records or dropped some, and log a query's start and end."""

    def __init__(self, on_batch: Callable[[BatchProgress], None] = log_progress) -> None:
        self._on_batch = on_batch

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802 - Spark's names
        """Log it."""
        log.info("query_started", query=event.name, run_id=str(event.runId))

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802
        """Read and pass on what happened, unless nothing did."""
        progress = read_progress(json.loads(event.progress.json))
        if progress.records or progress.late_rows:
            self._on_batch(progress)

    def onQueryIdle(self, event: Any) -> None:  # noqa: N802
        """Say nothing: an idle market is no news."""

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802
        """Log it; the first line of a failure is enough here, whoever stops the app has all of it."""
        failure = (event.exception or "").strip().splitlines()
        log.info("query_ended", run_id=str(event.runId), failure=failure[0][:500] if failure else None)
