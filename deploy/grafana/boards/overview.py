"""The overview: are the objectives held, and if not, which stage is it and since when. One row a stage, in the order of the flow."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from . import stages
from .board import board
from .firing import firing_alerts
from .limits import high_is_bad, low_is_bad, none_is_good
from .panels import Row, graph, tile, timeline
from .producing_rows import feed_row, producer_row
from .server_rows import cassandra_row, kafka_row
from .sources import Query
from .spark_rows import spark_row
from .words import Runbook, Words

FRESH = Words(
    shows="How old the newest stored trade is, by its event time.",
    normal="Below 5 s while the market is open; the objective is 30 s. It grows while no market trades: the feed's row tells.",
    otherwise="Find the first red stage below, from the top: what comes after it only follows.",
    runbook=Runbook.FRESHNESS_BURNS_FAST,
)
QUICK = Words(
    shows="From received by the producer to stored in Cassandra, of each trade. The objective: 95 % within 5 s.",
    normal="About twice the trigger's interval and below 5 s; the first minute after a start is slower.",
    otherwise="Look at Spark's row: a micro-batch that takes longer than its trigger, or a backlog that is being caught up with.",
    runbook=Runbook.LATENCY_BURNS_FAST,
)
LOSSLESS = Words(
    shows="Records that Kafka did not take, within the time shown. The objective: none.",
    normal="0.",
    otherwise="Each is a trade or dead letter that is nowhere. The producer's log names them; Kafka's row tells why.",
    runbook=Runbook.TRADES_LOST,
)


def objectives() -> Row:
    """Make the row of the objectives."""
    within = 'sum(increase(tapeline_aggregator_end_to_end_latency_seconds_bucket{le=~"5|5[.]0"}[$__range]))'
    stored = "sum(increase(tapeline_aggregator_end_to_end_latency_seconds_count[$__range]))"
    return Row(
        "Objectives",
        (
            tile("Freshness", "s", FRESH, stages.FRESHNESS, limits=high_is_bad(10, 30)),
            tile("End to end, p95", "s", QUICK, stages.END_TO_END[1], limits=high_is_bad(4, 5)),
            tile(
                "Stored within 5 s",
                "percentunit",
                QUICK,
                Query(f"{within} / {stored}", "within 5 s"),
                limits=low_is_bad(0.95, 0.99),
            ),
            tile("Lost records", "short", LOSSLESS, Query(stages.LOST, "lost"), limits=none_is_good()),
            firing_alerts(width=8),
            timeline(
                "Stages",
                Words(
                    shows="Each stage over time: green is well, red is not, or does not answer.",
                    normal="All green.",
                    otherwise="The stage that turned red first is the cause; where the red begins is when. Its row below has the figures and the runbook.",
                ),
                *stages.STAGES,
                width=14,
            ),
            timeline(
                "Who answers",
                Words(
                    shows="Whether Prometheus got an answer from each program and server.",
                    normal="All green.",
                    otherwise="Red: the process is gone, hangs, or cannot be reached. A row that is missing: Prometheus' list of targets does not name it.",
                    runbook=Runbook.INSTANCE_DOWN,
                ),
                Query('up{job=~"producer|aggregator|spark|kafka|cassandra|node"}', "{{job}} {{instance}}"),
                width=10,
            ),
            graph("Freshness over time", "s", FRESH, stages.FRESHNESS, limits=high_is_bad(10, 30), width=12),
            graph("End-to-end latency", "s", QUICK, *stages.END_TO_END, limits=high_is_bad(4, 5), width=12),
            graph(
                "Time or deliveries that broke an objective",
                "percentunit",
                Words(
                    shows="The share of the last hour in which freshness or latency was beyond its objective, and of records that were lost.",
                    normal="0. Within 30 days freshness and latency may be broken for 1 % of the time, and 0.01 % of the records may be lost.",
                    otherwise="Time: above 14.4 % all that is allowed is gone in two days, and an alert calls. It falls again an hour after the cause has ended.",
                    runbook=Runbook.FRESHNESS_BURNS_FAST,
                ),
                Query("tapeline:objective:error_ratio_1h", "{{objective}}, the last hour"),
                Query("tapeline:objective:error_ratio_5m", "{{objective}}, the last 5 minutes"),
                width=24,
            ),
        ),
    )


def flow() -> Row:
    """Make the row that shows the same trades at each stage."""
    return Row(
        "The flow",
        (
            graph(
                "Trades a second, stage by stage",
                "recps",
                Words(
                    shows="The same trades as the feed gave them, the producer published them, Kafka took them and Spark read them.",
                    normal="Lines that lie on each other, Spark's a second or two behind. Price updates are trades, too; dead letters are left out.",
                    otherwise="The first line that falls below the one before it is where trades wait. A backlog that is caught up with rises above.",
                ),
                Query("sum(rate(tapeline_feed_trades_total[$__rate_interval]))", "1 received"),
                Query('sum(rate(tapeline_publisher_published_total{item="trade"}[$__rate_interval]))', "2 published"),
                Query('sum(rate(kafka_topic_messages_in_total{topic!~".*[.]dlq"}[$__rate_interval]))', "3 in Kafka"),
                Query('sum(rate(tapeline_aggregator_rows_total{query="trades"}[$__rate_interval]))', "4 read by Spark"),
                width=24,
            ),
        ),
    )


def machines() -> Row:
    """Make the row of what all stages stand on."""
    return Row(
        "Machines",
        (
            graph(
                "Free disk",
                "percentunit",
                Words(
                    shows="Free part of each file system that can be written, by the node exporter.",
                    normal="Above 40 %.",
                    otherwise="Kafka, Cassandra and the checkpoint stop when it is full. Their dashboards tell who grows.",
                    runbook=Runbook.DISK_FILLING,
                ),
                Query(
                    "min by (instance, mountpoint) (node_filesystem_avail_bytes / node_filesystem_size_bytes)",
                    "{{instance}} {{mountpoint}}",
                ),
                limits=low_is_bad(0.15, 0.25),
                width=24,
                top=1,
            ),
        ),
    )


def overview() -> Dashboard:
    """Make the dashboard."""
    about = "Are the objectives held; if not, which stage, since when, and what to do. Every panel's help says what is normal."
    rows = [objectives(), flow(), feed_row(), producer_row(), kafka_row(), spark_row(), cassandra_row(), machines()]
    return board("overview", "tapeline: overview", about, rows)
