"""The overview's row of Spark."""

from . import stages
from .limits import high_is_bad, none_is_good
from .panels import Row, state_tile, tile
from .sources import Query
from .words import Runbook, Words


def spark_row() -> Row:
    """Make Spark's row."""
    return Row(
        "Spark",
        (
            state_tile(
                "Spark",
                Words(
                    shows="Whether all queries run and each has finished, or looked for, a micro-batch within the last minute.",
                    normal="OK.",
                    otherwise="Ask `/readyz` of the aggregator; when nobody answers it has ended, with the reason as the last line of its log.",
                    runbook=Runbook.AGGREGATOR_DOWN,
                ),
                stages.SPARK,
            ),
            tile(
                "Records read",
                "recps",
                Words(
                    shows="Records a second that the query of raw trades read, of the last minute.",
                    normal="What Kafka received, a second or two later.",
                    otherwise="Fewer: a backlog builds up.",
                    runbook=Runbook.CONSUMER_LAG_GROWING,
                ),
                Query('sum(rate(tapeline_aggregator_rows_total{query="trades"}[1m]))', "records"),
            ),
            tile(
                "Behind",
                "short",
                Words(
                    shows="Records that waited beyond the last micro-batch, all partitions together.",
                    normal="0, or a second's worth of records.",
                    otherwise="It grows: micro-batches take longer than the trigger, or are capped by max-offsets-per-trigger.",
                    runbook=Runbook.CONSUMER_LAG_GROWING,
                ),
                Query("max(tapeline_aggregator_offsets_behind)", "records"),
                limits=high_is_bad(1_000, 10_000),
            ),
            tile(
                "Micro-batch, p95",
                "s",
                Words(
                    shows="Time of a whole micro-batch of the slower query, of the last 5 minutes.",
                    normal="Below the trigger's interval (1 s by default), after the first minute.",
                    otherwise="Spark's dashboard tells the phase: planning, writing, committing.",
                    runbook=Runbook.MICRO_BATCH_SLOW,
                ),
                Query(
                    "max(histogram_quantile(0.95, sum by (le, query)"
                    ' (rate(tapeline_aggregator_batch_seconds_bucket{phase="total"}[5m]))))',
                    "p95",
                ),
                limits=high_is_bad(2, 5),
            ),
            tile(
                "Late, dropped from candles",
                "short",
                Words(
                    shows="What came after the watermark, in the last hour. Such trades are stored raw, and missing in their candle.",
                    normal="0, or a few.",
                    otherwise="Many: a venue whose clock lags, or a backlog. `--allowed-lateness` widens the watermark.",
                ),
                Query("sum(increase(tapeline_aggregator_late_rows_total[1h]))", "late"),
                limits=high_is_bad(1, 1_000),
            ),
            tile(
                "Failed micro-batches",
                "short",
                Words(
                    shows="Micro-batches that failed, in the last hour. The program ends with the first and begins again from its checkpoint.",
                    normal="0.",
                    otherwise="The last lines of its log. Nothing is lost: the records are in Kafka for 7 days.",
                    runbook=Runbook.AGGREGATOR_BATCH_FAILED,
                ),
                Query("sum(increase(tapeline_aggregator_batch_failures_total[1h]))", "failed"),
                limits=none_is_good(),
            ),
        ),
    )
