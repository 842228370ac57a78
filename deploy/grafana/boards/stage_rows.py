"""The overview's rows, one a stage: well or not, how much, how quick, and what waits."""

from . import stages
from .limits import high_is_bad, low_is_bad, none_is_good
from .panels import Row, state_tile, tile
from .sources import Query
from .words import Runbook, Words


def feed_row() -> Row:
    """Make the feed's row."""
    silent = Words(
        shows="Time since a valid trade was last received.",
        normal="A second or two while a market is open; crypto is always open.",
        otherwise="Connected and silent: the provider, the subscription, or a market that is closed.",
        runbook=Runbook.FEED_SILENT,
    )
    return Row(
        "Feed",
        (
            state_tile(
                "Feed",
                Words(
                    shows="Whether the connection to the provider stands.",
                    normal="OK.",
                    otherwise="It reconnects by itself, for ever. When it cannot: network, the key, or a second user of the key.",
                    runbook=Runbook.FEED_DISCONNECTED,
                ),
                stages.FEED,
            ),
            tile(
                "Trades received",
                "recps",
                Words(
                    shows="Valid trades and price updates a second, of the last minute.",
                    normal="As the market: tens to thousands in the open hours, fewer at night.",
                    otherwise="0 while markets are open: see the last trade, beside.",
                    runbook=Runbook.FEED_SILENT,
                ),
                Query("sum(rate(tapeline_feed_trades_total[1m]))", "trades"),
            ),
            tile(
                "Last trade",
                "s",
                silent,
                Query("time() - max(tapeline_feed_last_trade_timestamp_seconds)", "ago"),
                limits=high_is_bad(30, 120),
            ),
            tile(
                "Latency of the feed, p95",
                "s",
                Words(
                    shows="From the venue's stamp to received, of the last 5 minutes.",
                    normal="Below 1 s; it is the provider's and the network's.",
                    otherwise="A clock that is wrong here (chrony, ntp), or a provider that lags. Nothing here makes it quicker.",
                ),
                Query("histogram_quantile(0.95, sum by (le) (rate(tapeline_feed_latency_seconds_bucket[5m])))", "p95"),
                limits=high_is_bad(1, 5),
            ),
            tile(
                "Rejected",
                "percentunit",
                Words(
                    shows="Part of what came that failed a rule and became a dead letter, of the last 5 minutes.",
                    normal="Below 0.1 %.",
                    otherwise="The producer's dashboard tells the reasons; the records are in `trades.dlq`. A new reason is often a new format.",
                    runbook=Runbook.TRADES_REJECTED,
                ),
                Query(
                    "sum(rate(tapeline_feed_rejected_total[5m]))"
                    " / (sum(rate(tapeline_feed_trades_total[5m])) + sum(rate(tapeline_feed_rejected_total[5m])))",
                    "rejected",
                ),
                limits=high_is_bad(0.001, 0.01),
            ),
            tile(
                "Disconnects",
                "short",
                Words(
                    shows="Connections lost and attempts that failed, in the last 15 minutes.",
                    normal="0; one now and then is the provider's habit.",
                    otherwise="Many: a storm of reconnects. Two programs with one key close each other's connection.",
                    runbook=Runbook.FEED_RECONNECT_STORM,
                ),
                Query("sum(increase(tapeline_feed_disconnects_total[15m]))", "disconnects"),
                limits=high_is_bad(3, 10),
            ),
        ),
    )


def producer_row() -> Row:
    """Make the producer's row."""
    return Row(
        "Producer",
        (
            state_tile(
                "Producer",
                Words(
                    shows="Whether `/readyz` says yes: the feed is connected, a broker answers, the buffer has room.",
                    normal="OK.",
                    otherwise="Ask `/readyz`: it names the reason. No answer at all: the process is gone; see its log.",
                    runbook=Runbook.PRODUCER_DOWN,
                ),
                stages.PRODUCER,
            ),
            tile(
                "Published",
                "recps",
                Words(
                    shows="Records a second handed over for delivery, dead letters included, of the last minute.",
                    normal="The feed's trades.",
                    otherwise="Less than what is received: the buffer is full and holds the feed back.",
                    runbook=Runbook.PUBLISHER_BUFFER_FILLING,
                ),
                Query("sum(rate(tapeline_publisher_published_total[1m]))", "published"),
            ),
            tile(
                "Acknowledged",
                "recps",
                Words(
                    shows="Records a second that Kafka says it keeps, of the last minute.",
                    normal="As many as were published.",
                    otherwise="Fewer: Kafka is slow or away, and records wait in the buffer.",
                    runbook=Runbook.PUBLISHER_BUFFER_FILLING,
                ),
                Query("sum(rate(tapeline_publisher_acknowledged_total[1m]))", "acknowledged"),
            ),
            tile(
                "Publish latency, p99",
                "s",
                Words(
                    shows="From published to acknowledged, of the last 5 minutes.",
                    normal="Below 0.1 s; 10 ms on quiet disks. The first seconds after a start are slower.",
                    otherwise="Look at Kafka's requests and at its disks.",
                ),
                Query(
                    "histogram_quantile(0.99, sum by (le) (rate(tapeline_publish_latency_seconds_bucket[5m])))", "p99"
                ),
                limits=high_is_bad(0.1, 1),
            ),
            tile(
                "Buffer in use",
                "percentunit",
                Words(
                    shows="Records in the buffer or on the way, as part of what may be.",
                    normal="Below 1 %.",
                    otherwise="It fills while Kafka does not take what is sent. Full, it holds the feed back: nothing is dropped here, but the provider may.",
                    runbook=Runbook.PUBLISHER_BUFFER_FILLING,
                ),
                Query("max(tapeline_publisher_pending_records / tapeline_publisher_buffer_records)", "in use"),
                limits=high_is_bad(0.5, 0.8),
            ),
            tile(
                "Failed deliveries",
                "short",
                Words(
                    shows="Records given up, in the last hour.",
                    normal="0.",
                    otherwise="Each is lost. The producer's log has the reason.",
                    runbook=Runbook.TRADES_LOST,
                ),
                Query("sum(increase(tapeline_publisher_failed_total[1h]))", "failed"),
                limits=none_is_good(),
            ),
        ),
    )


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


def spark_row() -> Row:
    """Make Spark's row."""
    return Row(
        "Spark",
        (
            state_tile(
                "Spark",
                Words(
                    shows="Whether both queries run and each has finished, or looked for, a micro-batch within the last minute.",
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
