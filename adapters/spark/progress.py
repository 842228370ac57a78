"""The progress of each micro-batch as a value, for logs and metrics; an idle stream logs nothing.

Spark reports progress from a thread of its own, after the micro-batch is committed. PySpark logs an error of a listener, and the query continues.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import attrs
import structlog
from pyspark.sql.streaming.listener import (
    QueryProgressEvent,
    QueryStartedEvent,
    QueryTerminatedEvent,
    StreamingQueryListener,
)

from .failure import root_cause
from .layout import EVENTS
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
    """The duration of the whole trigger, from reading Kafka's offsets to the commit."""
    offsets_behind: int
    """The number of records beyond this batch on the topic when the batch was planned, over all partitions."""
    rejected: int | None
    """Records rejected; None if the query does not count them in its progress (`trades` counts them in its sink)."""
    late_rows: int | None
    """Rows dropped by the watermark, None without one. Spark folds rows before it compares, so this counts pairs of a task and a candle, not trades."""
    watermark: str | None
    """ISO 8601, UTC."""
    duplicates: int | None
    """Trades that were folded before and are ignored, None without deduplication."""
    state_updated_rows: int | None
    """The number of windows that the batch changed, None without state."""
    state_bytes: int | None
    """Memory of the state store."""
    phases_ms: Mapping[str, int]
    """The durations of Spark's phases, in milliseconds."""


def read_progress(report: Mapping[str, Any]) -> BatchProgress:
    """Return the progress in the JSON that Spark reports for a micro-batch."""
    operators = report.get("stateOperators") or []
    counts = (report.get("observedMetrics") or {}).get(DECODED)
    phases = dict(report.get("durationMs") or {})
    return BatchProgress(
        query=report.get("name") or "",
        batch_id=report["batchId"],
        records=sum(_records(source) for source in report.get("sources", [])),
        seconds=phases.pop("triggerExecution", 0) / 1000,
        offsets_behind=sum(_behind(source) for source in report.get("sources", [])),
        rejected=None if counts is None else counts["rejected"],
        late_rows=_sum(operators, "numRowsDroppedByWatermark"),
        duplicates=_duplicates(operators),
        # The state of deduplication holds trades, not windows.
        state_updated_rows=_sum([one for one in operators if not _is_deduplication(one)], "numRowsUpdated"),
        state_bytes=_sum(operators, "memoryUsedBytes"),
        watermark=(report.get("eventTime") or {}).get("watermark"),
        phases_ms=phases,
    )


def _records(source: Mapping[str, Any]) -> int:
    """Return the number of records by offsets: Spark's own number counts a record once for each time that a sink reads it."""
    ends = source.get("endOffset")
    if not isinstance(ends, dict):
        return int(source["numInputRows"])
    return _between(source.get("startOffset") or {}, ends)


def _behind(source: Mapping[str, Any]) -> int:
    """Return the number of records behind by offsets: Spark's own figures are the average and the maximum of the partitions, without a sum."""
    ends, latest = source.get("endOffset"), source.get("latestOffset")
    return _between(ends, latest) if isinstance(ends, dict) and isinstance(latest, dict) else 0


def _between(starts: Mapping[str, Mapping[str, int]], ends: Mapping[str, Mapping[str, int]]) -> int:
    return sum(
        end - starts.get(topic, {}).get(partition, 0)
        for topic, partitions in ends.items()
        for partition, end in partitions.items()
    )


def _is_deduplication(operator: Mapping[str, Any]) -> bool:
    return operator.get("operatorName") == "dedupe"


def _duplicates(operators: Sequence[Mapping[str, Any]]) -> int | None:
    metrics = [operator.get("customMetrics") or {} for operator in operators if _is_deduplication(operator)]
    return _sum(metrics, "numDroppedDuplicateRows")


def _sum(operators: Sequence[Mapping[str, Any]], name: str) -> int | None:
    return sum(operator.get(name, 0) for operator in operators) if operators else None


def log_progress(progress: BatchProgress) -> None:
    """Log a micro-batch, unless it is one of events: they include keep-alives every few seconds."""
    if progress.query == EVENTS:
        return
    fields = attrs.asdict(progress)
    log.info("micro_batch", **{name: value for name, value in fields.items() if value is not None})


class QueryWatcher(Protocol):
    """An observer of queries, called from Spark's thread: after each micro-batch, and every 10 seconds while there is nothing to do."""

    def started(self, query: str) -> None:
        """Handle the start of a query."""
        ...

    def finished(self, batch: BatchProgress) -> None:
        """Handle the end of a micro-batch, with or without records."""
        ...

    def idle(self, query: str) -> None:
        """Handle a trigger without new records."""
        ...

    def ended(self, query: str, *, failed: bool) -> None:
        """Handle the end of a query."""
        ...


class ProgressListener(StreamingQueryListener):
    """Call `on_batch` for each micro-batch that read or dropped records, call the watcher for everything, and log the start and end of queries."""

    def __init__(
        self, on_batch: Callable[[BatchProgress], None] = log_progress, *, watcher: QueryWatcher | None = None
    ) -> None:
        self._on_batch = on_batch
        self._watcher = watcher
        self._names: dict[str, str] = {}

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802 - Spark's names
        """Log the start, and call the watcher."""
        log.info("query_started", query=event.name, run_id=str(event.runId))
        self._names[str(event.runId)] = name = event.name or ""
        if self._watcher is not None:
            self._watcher.started(name)

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802
        """Pass the progress on, to `on_batch` unless nothing happened."""
        progress = read_progress(json.loads(event.progress.json))
        if self._watcher is not None:
            self._watcher.finished(progress)
        if progress.records or progress.late_rows:
            self._on_batch(progress)

    def onQueryIdle(self, event: Any) -> None:  # noqa: N802
        """Call the watcher, and log nothing."""
        name = self._names.get(str(event.runId))
        if self._watcher is not None and name is not None:
            self._watcher.idle(name)

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802
        """Log the end with the cause of a failure, and call the watcher."""
        failure = root_cause(event.exception) if event.exception else None
        log.info("query_ended", run_id=str(event.runId), failure=failure)
        name = self._names.pop(str(event.runId), None)
        if self._watcher is not None and name is not None:
            self._watcher.ended(name, failed=bool(failure))
