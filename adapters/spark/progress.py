"""What each micro-batch did, as a value, told to whoever wants to know; an idle stream says nothing.

Spark posts progress from a thread of its own, after the micro-batch is committed. What a listener raises is logged by PySpark and stops nothing.
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
    """The whole trigger, from asking Kafka for offsets to the commit."""
    offsets_behind: int
    """Records that the topic held beyond this batch when it was planned, all partitions together."""
    rejected: int | None
    """Records rejected; None where the query does not count them in its progress (`trades` counts in its sink)."""
    late_rows: int | None
    """What the watermark dropped, None without a watermark. Spark folds before it asks, so this is pairs of a task and a candle, not trades."""
    watermark: str | None
    """ISO 8601, UTC."""
    duplicates: int | None
    """Trades left out because they were folded before, None where nobody asks."""
    state_updated_rows: int | None
    """Windows that the batch changed, None without state."""
    state_bytes: int | None
    """Memory of the state store."""
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
        offsets_behind=sum(_behind(source) for source in report.get("sources", [])),
        rejected=None if counts is None else counts["rejected"],
        late_rows=_sum(operators, "numRowsDroppedByWatermark"),
        duplicates=_duplicates(operators),
        # The state of the trades that were seen, before that of the windows, is no window's.
        state_updated_rows=_sum([one for one in operators if not _remembers_trades(one)], "numRowsUpdated"),
        state_bytes=_sum(operators, "memoryUsedBytes"),
        watermark=(report.get("eventTime") or {}).get("watermark"),
        phases_ms=phases,
    )


def _records(source: Mapping[str, Any]) -> int:
    """Count by offsets: Spark's own count has the records of a batch once more for each time that a sink read it."""
    ends = source.get("endOffset")
    if not isinstance(ends, dict):
        return int(source["numInputRows"])
    return _between(source.get("startOffset") or {}, ends)


def _behind(source: Mapping[str, Any]) -> int:
    """Count by offsets: Spark's own figures are the average of the partitions and their greatest, no sum."""
    ends, latest = source.get("endOffset"), source.get("latestOffset")
    return _between(ends, latest) if isinstance(ends, dict) and isinstance(latest, dict) else 0


def _between(starts: Mapping[str, Mapping[str, int]], ends: Mapping[str, Mapping[str, int]]) -> int:
    return sum(
        end - starts.get(topic, {}).get(partition, 0)
        for topic, partitions in ends.items()
        for partition, end in partitions.items()
    )


def _remembers_trades(operator: Mapping[str, Any]) -> bool:
    return operator.get("operatorName") == "dedupe"


def _duplicates(operators: Sequence[Mapping[str, Any]]) -> int | None:
    asking = [operator.get("customMetrics") or {} for operator in operators if _remembers_trades(operator)]
    return _sum(asking, "numDroppedDuplicateRows")


def _sum(operators: Sequence[Mapping[str, Any]], name: str) -> int | None:
    return sum(operator.get(name, 0) for operator in operators) if operators else None


def log_progress(progress: BatchProgress) -> None:
    """Log a micro-batch; one of nothing but events of connections is of no interest, as they tell every few seconds that they live."""
    if progress.query == EVENTS:
        return
    fields = attrs.asdict(progress)
    log.info("micro_batch", **{name: value for name, value in fields.items() if value is not None})


class QueryWatcher(Protocol):
    """Told of a query's life from Spark's thread: each micro-batch, and every 10 seconds that there was nothing to do."""

    def started(self, query: str) -> None:
        """Take that a query runs."""
        ...

    def finished(self, batch: BatchProgress) -> None:
        """Take a micro-batch that has ended, with or without records."""
        ...

    def idle(self, query: str) -> None:
        """Take that a query looked for records and found none."""
        ...

    def ended(self, query: str, *, failed: bool) -> None:
        """Take that a query runs no longer."""
        ...


class ProgressListener(StreamingQueryListener):
    """Tell `on_batch` of each micro-batch that read records or dropped some, a watcher of everything, and log a query's start and end."""

    def __init__(
        self, on_batch: Callable[[BatchProgress], None] = log_progress, *, watcher: QueryWatcher | None = None
    ) -> None:
        self._on_batch = on_batch
        self._watcher = watcher
        self._names: dict[str, str] = {}

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802 - Spark's names
        """Log it."""
        log.info("query_started", query=event.name, run_id=str(event.runId))
        self._names[str(event.runId)] = name = event.name or ""
        if self._watcher is not None:
            self._watcher.started(name)

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802
        """Read and pass on what happened, unless nothing did."""
        progress = read_progress(json.loads(event.progress.json))
        if self._watcher is not None:
            self._watcher.finished(progress)
        if progress.records or progress.late_rows:
            self._on_batch(progress)

    def onQueryIdle(self, event: Any) -> None:  # noqa: N802
        """Log nothing: an idle market is no news."""
        name = self._names.get(str(event.runId))
        if self._watcher is not None and name is not None:
            self._watcher.idle(name)

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802
        """Log it, with the cause of a failure."""
        failure = root_cause(event.exception) if event.exception else None
        log.info("query_ended", run_id=str(event.runId), failure=failure)
        name = self._names.pop(str(event.runId), None)
        if self._watcher is not None and name is not None:
            self._watcher.ended(name, failed=bool(failure))
