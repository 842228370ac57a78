"""The aggregator's metrics. Spark reports each micro-batch; these reports become counters, histograms and gauges.

Several threads report: Spark's listener, and the one that stores a micro-batch. Each metric belongs to one of them, or has a lock of its own.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from .batches import Batch, Stored
from .tally import Tally

BATCH_BOUNDS_S: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 15, 30, 60, 120)
END_TO_END_BOUNDS_S: Final = (
    0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7.5, 10, 15, 30, 60, 120, 300, 900, 3600,
)  # fmt: skip
PHASES: Final = {
    "latestOffset": "latest_offset",
    "getBatch": "get_batch",
    "queryPlanning": "query_planning",
    "walCommit": "wal_commit",
    "addBatch": "add_batch",
    "commitOffsets": "commit_offsets",
}


class AggregatorMetrics:
    """Collects the reports of Spark and of the sink of raw trades."""

    def __init__(
        self, registry: CollectorRegistry, queries: Sequence[str], *, now_s: Callable[[], float] = time.time
    ) -> None:
        self._now_s = now_s
        self._active = dict.fromkeys(queries, False)
        self._last_batch_s = dict.fromkeys(queries, now_s())
        self._watermark_s = float("nan")

        def counter(name: str, text: str, labels: Sequence[str] = ()) -> Counter:
            return Counter(f"tapeline_aggregator_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, labels: Sequence[str] = ()) -> Gauge:
            return Gauge(f"tapeline_aggregator_{name}", text, labels, registry=registry)

        self._rows = counter("rows_total", "Records read from Kafka", ["query"])
        self._seconds = Histogram(
            "tapeline_aggregator_batch_seconds",
            "Duration of a micro-batch, total and by phase",
            ["query", "phase"],
            buckets=BATCH_BOUNDS_S,
            registry=registry,
        )
        self._behind = gauge(
            "offsets_behind", "Records in the topic after the last micro-batch, over all partitions", ["query"]
        )
        self._failures = counter("batch_failures_total", "Failed micro-batches", ["query"])
        active = gauge("query_active", "1 while the query is active", ["query"])
        last_batch = gauge(
            "last_batch_timestamp_seconds",
            "Time at which a micro-batch last finished, or no data was available",
            ["query"],
        )
        for query in queries:
            self._rows.labels(query)
            self._behind.labels(query)
            self._failures.labels(query)
            for phase in ("total", *PHASES.values()):
                self._seconds.labels(query, phase)
            active.labels(query).set_function(lambda query=query: float(self._active[query]))  # type: ignore[misc]
            last_batch.labels(query).set_function(lambda query=query: self._last_batch_s[query])  # type: ignore[misc]
        gauge("watermark_lag_seconds", "Present time minus the watermark").set_function(
            lambda: now_s() - self._watermark_s
        )
        self._updated = gauge("state_updated_rows", "Windows that the last micro-batch updated")
        self._state_bytes = gauge("state_bytes", "Memory of the state store")
        self._late = counter("late_rows_total", "Rows dropped by the watermark: pairs of a task and a candle")
        self._rejected = counter("rejected_total", "Records sent to the dead letters")
        self._unknown_conditions = counter(
            "unknown_condition_trades_total", "Stored trades with a sale condition whose meaning is not known"
        )
        self._newest = gauge("newest_stored_timestamp_seconds", "Greatest event time of the stored trades")
        self._newest_s = 0.0
        self._end_to_end = Tally(
            "tapeline_aggregator_end_to_end_latency_seconds",
            "Time from receipt by the producer to storage, for each trade",
            END_TO_END_BOUNDS_S,
            registry,
        )

    def seconds_since_batch(self, query: str) -> float | None:
        """Return how long ago the query finished a micro-batch or needed none (s); None while it does not run."""
        return self._now_s() - self._last_batch_s[query] if self._active[query] else None

    def started(self, query: str) -> None:
        """Note that a query runs."""
        self._last_batch_s[query] = self._now_s()
        self._active[query] = True

    def idle(self, query: str) -> None:
        """Note that a query looked for records and found none."""
        self._last_batch_s[query] = self._now_s()

    def ended(self, query: str, *, failed: bool) -> None:
        """Note that a query no longer runs."""
        self._active[query] = False
        if failed:
            self._failures.labels(query).inc()

    def finished(self, batch: Batch) -> None:
        """Record a micro-batch that has ended."""
        query = batch.query
        self._last_batch_s[query] = self._now_s()
        self._rows.labels(query).inc(batch.records)
        self._behind.labels(query).set(batch.offsets_behind)
        self._seconds.labels(query, "total").observe(batch.seconds)
        for name, phase in PHASES.items():
            if name in batch.phases_ms:
                self._seconds.labels(query, phase).observe(batch.phases_ms[name] / 1000)
        if batch.late_rows:
            self._late.inc(batch.late_rows)
        if batch.state_updated_rows is not None:
            self._updated.set(batch.state_updated_rows)
        if batch.state_bytes is not None:
            self._state_bytes.set(batch.state_bytes)
        if batch.watermark is not None:
            # Before the first trade it is the epoch, which means that there is no watermark.
            self._watermark_s = datetime.fromisoformat(batch.watermark).timestamp() or float("nan")

    def rejected(self, records: int) -> None:
        """Count records that were sent to the dead letters, apart from those that `stored` reports."""
        self._rejected.inc(records)

    def stored(self, batch: Stored) -> None:
        """Record what was stored of a micro-batch of trades."""
        self._rejected.inc(batch.rejected)
        self._unknown_conditions.inc(batch.unknown_conditions)
        if batch.newest_ms is not None:
            self._newest_s = max(self._newest_s, batch.newest_ms / 1000)
            self._newest.set(self._newest_s)
        for received_ms, trades in batch.received:
            self._end_to_end.observe((batch.stored_ms - received_ms) / 1000, trades)
