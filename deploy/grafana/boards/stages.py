"""When a stage is well, as PromQL that gives 1 or 0, and 0 also when nobody answers.

A figure that is gone is no good news: `or vector(0)` makes a process that is down red instead of blank.
"""

from typing import Final

from .sources import Query

FEED: Final = Query("min(tapeline_feed_connected) or vector(0)", "Feed")
PRODUCER: Final = Query(
    "min(tapeline_ready and on (instance) tapeline_publisher_buffer_records) or vector(0)", "Producer"
)
KAFKA: Final = Query(
    "(sum(kafka_controller_active) == bool 1) * (max(kafka_controller_offline_partitions) == bool 0)"
    " * (sum(kafka_server_under_replicated_partitions) == bool 0) or vector(0)",
    "Kafka",
)
SPARK: Final = Query(
    "min(tapeline_ready and on (instance) tapeline_aggregator_newest_stored_timestamp_seconds) or vector(0)", "Spark"
)
CASSANDRA: Final = Query('(max(cassandra_endpoints{state="down"}) == bool 0) or vector(0)', "Cassandra")

STAGES: Final = (FEED, PRODUCER, KAFKA, SPARK, CASSANDRA)

FRESHNESS: Final = Query(
    # The newest event time stays known for an hour after the aggregator is gone: so does the age of what users see.
    "time() - (max(max_over_time(tapeline_aggregator_newest_stored_timestamp_seconds[1h])) > 0)",
    "newest stored trade",
)
END_TO_END: Final = tuple(
    Query(
        f"histogram_quantile({share}, sum by (le) (rate(tapeline_aggregator_end_to_end_latency_seconds_bucket[$__rate_interval])))",
        name,
    )
    for share, name in ((0.5, "median"), (0.95, "p95"), (0.99, "p99"))
)
LOST: Final = "sum(increase(tapeline_publisher_failed_total[$__range]))"
