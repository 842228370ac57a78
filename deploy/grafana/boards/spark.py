"""Spark's dashboard: the aggregator's queries, what a micro-batch spends its time on, watermark and state, and the driver's JVM."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from . import stages
from .board import INSTANCE, board, instances
from .counting import rate
from .driver import DRIVER, driver
from .jvm import jvm_row
from .limits import high_is_bad, none_is_good
from .panels import Row, graph
from .sources import Query
from .words import Runbook, Words


def progress() -> Row:
    """Make the row of how far it has come."""
    return Row(
        "Progress",
        (
            graph(
                "Records read",
                "recps",
                Words(
                    shows="Records read from Kafka, by query. Both read the same ones.",
                    normal="Both lines on each other, as many as Kafka receives.",
                    otherwise="One falls behind the other: its micro-batches are too slow.",
                    runbook=Runbook.CONSUMER_LAG_GROWING,
                ),
                Query(rate("tapeline_aggregator_rows_total", "query"), "{{query}}"),
            ),
            graph(
                "Behind",
                "short",
                Words(
                    shows="Records that the topic held beyond the last micro-batch, all partitions together.",
                    normal="0, or a second's worth of records.",
                    otherwise="It grows: more comes than is stored. After a restart it falls, as quickly as max-offsets-per-trigger allows.",
                    runbook=Runbook.CONSUMER_LAG_GROWING,
                ),
                Query(f"tapeline_aggregator_offsets_behind{{{INSTANCE}}}", "{{query}}"),
                limits=high_is_bad(1_000, 10_000),
            ),
            graph(
                "Since the last micro-batch",
                "s",
                Words(
                    shows="Time since a micro-batch finished, or Spark said that there was nothing to do.",
                    normal="Below the trigger's interval and a micro-batch; up to 10 s while nothing comes.",
                    otherwise="It rises: a micro-batch hangs. Cassandra's dashboard, then a thread dump of the driver (jstack).",
                    runbook=Runbook.AGGREGATOR_STALLED,
                ),
                Query(f"time() - tapeline_aggregator_last_batch_timestamp_seconds{{{INSTANCE}}}", "{{query}}"),
                limits=high_is_bad(20, 60),
            ),
            graph(
                "End-to-end latency",
                "s",
                Words(
                    shows="From received by the producer to stored in Cassandra, of each trade.",
                    normal="p95 below 5 s.",
                    otherwise="Beside: a long micro-batch, or a backlog. With a replayed recording it means nothing.",
                    runbook=Runbook.LATENCY_BURNS_FAST,
                ),
                *stages.END_TO_END,
                limits=high_is_bad(4, 5),
            ),
            graph(
                "Freshness",
                "s",
                Words(
                    shows="How old the newest stored trade is, by its event time.",
                    normal="Below 5 s while the market is open.",
                    otherwise="See whether records are read at all, and where a micro-batch stands.",
                    runbook=Runbook.FRESHNESS_BURNS_FAST,
                ),
                stages.FRESHNESS,
                limits=high_is_bad(10, 30),
            ),
            graph(
                "Queries that run",
                "short",
                Words(
                    shows="1 while a query runs.",
                    normal="1 for both.",
                    otherwise="The program ends when one of them does; the last lines of its log tell why.",
                    runbook=Runbook.AGGREGATOR_QUERY_STOPPED,
                ),
                Query(f"tapeline_aggregator_query_active{{{INSTANCE}}}", "{{query}}"),
                top=1,
            ),
        ),
    )


def batches() -> Row:
    """Make the row of micro-batches."""
    total = ', phase="total"'
    parts = ', phase!="total"'
    mean = (
        f"{rate('tapeline_aggregator_batch_seconds_sum', 'query, phase', parts)}"
        f" / {rate('tapeline_aggregator_batch_seconds_count', 'query, phase', parts)}"
    )
    return Row(
        "Micro-batches",
        (
            graph(
                "Micro-batch, p95",
                "s",
                Words(
                    shows="Time of a whole micro-batch.",
                    normal="Below the trigger's interval: 1 s by default.",
                    otherwise="The phases, beside, tell where the time goes.",
                    runbook=Runbook.MICRO_BATCH_SLOW,
                ),
                Query(
                    f"histogram_quantile(0.95, {rate('tapeline_aggregator_batch_seconds_bucket', 'le, query', total)})",
                    "{{query}}",
                ),
                limits=high_is_bad(1, 5),
            ),
            graph(
                "Mean time of each phase",
                "s",
                Words(
                    shows="By Spark's own names. `add_batch` is reading, folding and storing.",
                    normal="`add_batch` is most of it; planning and the log some tens of ms.",
                    otherwise="`wal_commit`, `commit_offsets`: the checkpoint's disk. `latest_offset`: Kafka. `add_batch`: Cassandra or CPU.",
                    runbook=Runbook.CHECKPOINT_SLOW,
                ),
                Query(mean, "{{query}} {{phase}}"),
                width=16,
                stacked=True,
            ),
            graph(
                "Micro-batches",
                "ops",
                Words(
                    shows="How many a second.",
                    normal="One a trigger's interval while trades come.",
                    otherwise="Fewer: each takes longer than the interval.",
                    runbook=Runbook.MICRO_BATCH_SLOW,
                ),
                Query(rate("tapeline_aggregator_batch_seconds_count", "query", total), "{{query}}"),
            ),
            graph(
                "Failed",
                "short",
                Words(
                    shows="Micro-batches that failed, in the 5 minutes before each moment. The program then ends, so this may be missed: watch `up` too.",
                    normal="0.",
                    otherwise="It begins again from its checkpoint and writes the same rows. Its log has the reason.",
                    runbook=Runbook.AGGREGATOR_BATCH_FAILED,
                ),
                Query(
                    f"sum by (query) (increase(tapeline_aggregator_batch_failures_total{{{INSTANCE}}}[5m]))",
                    "{{query}}",
                ),
                limits=none_is_good(),
            ),
            graph(
                "Rejected by Spark",
                "recps",
                Words(
                    shows="Records of the topic that failed the rules, and were sent to the dead letters.",
                    normal="0: the producer has checked them already.",
                    otherwise="Another program writes to the topic, or producer and aggregator run different versions or rules.",
                    runbook=Runbook.AGGREGATOR_REJECTS,
                ),
                Query(rate("tapeline_aggregator_rejected_total", "instance"), "{{instance}}"),
                limits=none_is_good(),
            ),
        ),
    )


def state() -> Row:
    """Make the row of the watermark and the state."""
    return Row(
        "Watermark and state",
        (
            graph(
                "Watermark's lag",
                "s",
                Words(
                    shows="Now minus the watermark: trades older than it are no longer folded into candles.",
                    normal="The allowed lateness (60 s) and a few seconds. It grows while the market is idle.",
                    otherwise="It grows while trades come: micro-batches are slow. It falls below 0: a trade from the future passed the rules.",
                ),
                Query(f"tapeline_aggregator_watermark_lag_seconds{{{INSTANCE}}}", "{{instance}}"),
                width=6,
            ),
            graph(
                "Late, dropped from candles",
                "ops",
                Words(
                    shows="What came after the watermark. Such trades are stored raw, and missing in their candle.",
                    normal="0, or near it.",
                    otherwise="Many: a venue whose clock lags, or a backlog. `--allowed-lateness` widens the watermark.",
                ),
                Query(rate("tapeline_aggregator_late_rows_total", "instance"), "{{instance}}"),
                width=6,
            ),
            graph(
                "Windows changed",
                "short",
                Words(
                    shows="Windows that the last micro-batch changed.",
                    normal="About the symbols that traded; more at the turn of a minute.",
                    otherwise="Thousands: a recording that is replayed at full speed.",
                ),
                Query(f"tapeline_aggregator_state_updated_rows{{{INSTANCE}}}", "{{instance}}"),
                width=6,
            ),
            graph(
                "Memory of the state",
                "bytes",
                Words(
                    shows="Memory of the state store, as Spark reports it.",
                    normal="Level: windows leave when the watermark passes them.",
                    otherwise="It only grows: the watermark stands still.",
                ),
                Query(f"tapeline_aggregator_state_bytes{{{INSTANCE}}}", "{{instance}}"),
                width=6,
            ),
        ),
    )


def spark() -> Dashboard:
    """Make the dashboard."""
    about = "The aggregator: how far its queries have come, what micro-batches spend their time on, watermark, state, and the driver."
    variables = (
        instances("tapeline_aggregator_query_active"),
        instances("spark_jobs_active", name="driver", label="Driver"),
    )
    rows = [progress(), batches(), state(), driver(), jvm_row(DRIVER)]
    return board("spark", "tapeline: Spark", about, rows, variables=variables)
