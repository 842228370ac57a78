"""The overview's rows of what carries and keeps trades: Kafka and Cassandra."""

from . import stages
from .limits import high_is_bad, low_is_bad, none_is_good
from .panels import Row, state_tile, tile
from .sources import Query
from .words import Runbook, Words


def kafka_row() -> Row:
    """Make Kafka's row."""
    return Row(
        "Kafka",
        (
            state_tile(
                "Kafka",
                Words(
                    shows="Whether there is one controller, every partition has a leader and every replica is in sync.",
                    normal="OK.",
                    otherwise="A broker is down or behind; Kafka's dashboard tells which.",
                    runbook=Runbook.KAFKA_UNDER_REPLICATED,
                ),
                stages.KAFKA,
            ),
            tile(
                "Brokers",
                "none",
                Words(
                    shows="Brokers that take part, as the controller sees it.",
                    normal="All that there are: 1 on the dev stack, 3 or more in production.",
                    otherwise="One is away. Its log, its disk, its network.",
                    runbook=Runbook.KAFKA_UNDER_REPLICATED,
                ),
                Query("max(kafka_controller_active_brokers)", "brokers"),
                limits=low_is_bad(1, 1),
            ),
            tile(
                "Records in",
                "recps",
                Words(
                    shows="Records a second that all topics received, of the last minute.",
                    normal="What the producer published.",
                    otherwise="0 while the producer publishes: it cannot reach a leader.",
                ),
                Query("sum(rate(kafka_topic_messages_in_total[1m]))", "records"),
            ),
            tile(
                "Produce request, p99",
                "s",
                Words(
                    shows="Whole time of a produce request in the broker that is slowest.",
                    normal="Below 50 ms.",
                    otherwise="Slow disks, or replicas that are slow to follow (acks=all waits for them).",
                ),
                Query('max(kafka_request_seconds{request="Produce", quantile="0.99"})', "p99"),
                limits=high_is_bad(0.1, 1),
            ),
            tile(
                "Not in sync",
                "short",
                Words(
                    shows="Partitions with a replica that is not in sync.",
                    normal="0.",
                    otherwise="One more failure may stop writes. Bring the missing broker back.",
                    runbook=Runbook.KAFKA_UNDER_REPLICATED,
                ),
                Query("sum(kafka_server_under_replicated_partitions)", "partitions"),
                limits=none_is_good(),
            ),
            tile(
                "On disk",
                "bytes",
                Words(
                    shows="What all brokers keep of all topics.",
                    normal="Level after the days of retention: 7 days of trades.",
                    otherwise="It grows beyond the disk: shorten the retention, or add disk.",
                    runbook=Runbook.DISK_FILLING,
                ),
                Query("sum(kafka_log_size_bytes)", "on disk"),
            ),
        ),
    )


def cassandra_row() -> Row:
    """Make Cassandra's row."""
    return Row(
        "Cassandra",
        (
            state_tile(
                "Cassandra",
                Words(
                    shows="Whether some node answers and none sees another one down.",
                    normal="OK.",
                    otherwise="A node is down. With three replicas the others go on; with one, Spark waits.",
                    runbook=Runbook.CASSANDRA_NODE_DOWN,
                ),
                stages.CASSANDRA,
            ),
            tile(
                "Nodes up",
                "none",
                Words(
                    shows="Nodes that are up, as the node that sees fewest sees it.",
                    normal="All that there are: 1 on the dev stack, 3 or more in production.",
                    otherwise="One is away, or two halves of the cluster do not see each other.",
                    runbook=Runbook.CASSANDRA_NODE_DOWN,
                ),
                Query('min(cassandra_endpoints{state="up"})', "nodes"),
                limits=low_is_bad(1, 1),
            ),
            tile(
                "Writes",
                "wps",
                Words(
                    shows="Writes a second that clients asked for, of the last minute. A batch of rows is one.",
                    normal="In step with Spark's micro-batches.",
                    otherwise="0 while Spark reads: see Spark's phase `add_batch`.",
                ),
                Query('sum(rate(cassandra_client_requests_total{operation="Write"}[1m]))', "writes"),
            ),
            tile(
                "Write latency, p99",
                "s",
                Words(
                    shows="Of the node that is slowest, as coordinator.",
                    normal="Below 5 ms on disks of its own; tens of ms on a shared laptop.",
                    otherwise="Compactions that pend, a full heap, or a slow disk.",
                ),
                Query('max(cassandra_client_request_seconds{operation="Write", quantile="0.99"})', "p99"),
                limits=high_is_bad(0.1, 1),
            ),
            tile(
                "Dropped",
                "short",
                Words(
                    shows="Messages that nodes gave up because they were too old, in the last hour.",
                    normal="0.",
                    otherwise="The cluster is overloaded. A dropped write that was acknowledged by others is repaired by hints or a repair.",
                    runbook=Runbook.CASSANDRA_DROPPING_WRITES,
                ),
                Query("sum(increase(cassandra_dropped_messages_total[1h]))", "dropped"),
                limits=none_is_good(),
            ),
            tile(
                "On disk",
                "bytes",
                Words(
                    shows="Data on the disks of all nodes.",
                    normal="Level after 30 days of trades and 90 days of candles.",
                    otherwise="It grows beyond half of the disk: compaction needs the other half.",
                    runbook=Runbook.DISK_FILLING,
                ),
                Query("sum(cassandra_storage_load_bytes)", "on disk"),
            ),
        ),
    )
