"""Spark's own metrics of its driver: the row on Spark's dashboard."""

from typing import Final

from .board import INSTANCE
from .limits import high_is_bad
from .panels import Row, graph
from .sources import Query
from .words import Runbook, Words

DRIVER: Final = 'instance=~"$driver"'
"""The label filter of the driver's JVM, which answers on a port of its own."""


def driver() -> Row:
    """Make the row of what Spark's own metrics say."""
    return Row(
        "Spark's driver",
        (
            graph(
                "Rows in and processed",
                "rowsps",
                Words(
                    shows="As Spark reports them of the last micro-batch: rows that came in a second, and rows a second while it ran.",
                    normal="Processed is far above in: there is room.",
                    otherwise="Close to each other: at the limit of what it can do.",
                    runbook=Runbook.CONSUMER_LAG_GROWING,
                ),
                Query(f"spark_streaming_input_rows_per_second{{{DRIVER}}}", "{{query}} in"),
                Query(f"spark_streaming_processed_rows_per_second{{{DRIVER}}}", "{{query}} processed"),
            ),
            graph(
                "Last micro-batch",
                "s",
                Words(
                    shows="Time of the last micro-batch, as Spark reports it.",
                    normal="Below the trigger's interval.",
                    otherwise="See the phases, above.",
                    runbook=Runbook.MICRO_BATCH_SLOW,
                ),
                Query(f"spark_streaming_latency_seconds{{{DRIVER}}}", "{{query}}"),
                limits=high_is_bad(1, 5),
            ),
            graph(
                "Jobs and failed stages",
                "short",
                Words(
                    shows="Jobs that run, and stages that failed and run again.",
                    normal="One or two jobs, no failed stage.",
                    otherwise="Stages fail: executors are lost, or a node of Cassandra refuses writes.",
                    runbook=Runbook.AGGREGATOR_BATCH_FAILED,
                ),
                Query(f"spark_jobs_active{{{DRIVER}}}", "{{instance}} jobs"),
                Query(f"spark_stages_failed{{{DRIVER}}}", "{{instance}} failed stages"),
            ),
            graph(
                "Memory of cached blocks",
                "bytes",
                Words(
                    shows="What the block manager holds: micro-batches that are used twice, and broadcasts.",
                    normal="Level, some MB.",
                    otherwise="It only grows: blocks are not released.",
                ),
                Query(f"spark_memory_used_bytes{{{DRIVER}}}", "{{instance}}"),
                width=12,
            ),
            graph(
                "Memory of the Python process",
                "bytes",
                Words(
                    shows="Resident memory of the aggregator's Python; rows never pass through it.",
                    normal="Level, about 100 MB.",
                    otherwise="It grows: take a heap profile before you restart it.",
                ),
                Query(f"process_resident_memory_bytes{{{INSTANCE}}}", "{{instance}}"),
                width=12,
            ),
        ),
    )
