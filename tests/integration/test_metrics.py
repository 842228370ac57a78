"""The metrics of a pipeline that runs: producer, aggregator, Spark's JVM, Kafka and Cassandra, each scraped as Prometheus would."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from devstack.stack import Stack
from tests.support.metrics_documentation import SECTIONS, documented
from tests.support.scraped_pipeline import Pipeline, get, running_pipeline, until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(400)]

# What does not move while all is well, by program or server. Everything else has to.
STILL = {
    "producer": {
        "tapeline_feed_disconnects_total",
        "tapeline_feed_provider_errors_total",
        "tapeline_feed_rate_limited_total",
        "tapeline_feed_redelivered_trades_total",
        "tapeline_feed_rejected_total",
        "tapeline_feed_silences_total",
        "tapeline_feed_unknown_condition_trades_total",
        "tapeline_kafka_client_queued_bytes",
        "tapeline_kafka_client_request_errors_total",
        "tapeline_kafka_client_request_timeouts_total",
        "tapeline_kafka_client_retries_total",
        "tapeline_publisher_failed_total",
        "tapeline_publisher_pending_records",
    },
    "aggregator": {
        "tapeline_aggregator_batch_failures_total",
        "tapeline_aggregator_late_rows_total",
        "tapeline_aggregator_offsets_behind",
        "tapeline_aggregator_unknown_condition_trades_total",
    },
    "kafka": {
        "kafka_controller_fenced_brokers",
        "kafka_controller_offline_partitions",
        "kafka_failed_authentications_total",
        "kafka_failed_produce_requests_total",
        "kafka_log_directories_offline",
        "kafka_log_start_offset",
        "kafka_server_isr_expands_total",
        "kafka_server_isr_shrinks_total",
        "kafka_server_offline_replicas",
        "kafka_server_under_min_isr_partitions",
        "kafka_server_under_replicated_partitions",
    },
    "cassandra": {
        "cassandra_client_request_failures_total",
        "cassandra_client_request_timeouts_total",
        "cassandra_client_request_unavailables_total",
        "cassandra_commit_log_pending_tasks",
        "cassandra_dropped_messages_total",
        "cassandra_failed_authentications_total",
        "cassandra_hints_in_progress",
        "cassandra_hints_total",
        "cassandra_pending_compactions",
        "cassandra_storage_exceptions_total",
        "cassandra_table_disk_bytes",  # a memtable is on no disk yet
        "cassandra_thread_pool_blocked_tasks_total",
        "cassandra_thread_pool_pending_tasks",
    },
    "spark": {"spark_jobs_active", "spark_memory_used_bytes", "spark_stages_failed"},
}
ABSENT = {"kafka_authorization_failures_total", "cassandra_hints_not_stored_total"}
"""What is exported from its first event on."""


@pytest.fixture(scope="module")
def pipeline(
    kafka_stack: Stack, cassandra_stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    with running_pipeline(kafka_stack, cassandra_stack, tmp_path_factory.mktemp("metrics")) as pipeline:
        yield pipeline


def _sections(name: str) -> tuple[str, ...]:
    servers = {"kafka": "Kafka brokers", "cassandra": "Cassandra nodes", "spark": "Spark driver"}
    # The producer here has its symbols from a setting, and has no metrics of a watchlist.
    return (servers[name],) if name in servers else tuple(s for s in SECTIONS[name] if not s.startswith("Watchlist"))


@pytest.mark.parametrize("name", ["producer", "aggregator", "kafka", "cassandra", "spark"])
def test_everything_documented_is_exported_and_moves(pipeline: Pipeline, name: str) -> None:
    found = pipeline.scrape(name)
    still = []
    for metric, described in documented(*_sections(name)).items():
        if metric in ABSENT - found.names():
            continue
        value = found.total(f"{metric}_count" if described.type == "histogram" else metric)
        if not value > 0:
            still.append(metric)
    assert set(still) <= STILL[name]


@pytest.mark.parametrize("name", ["kafka", "cassandra", "spark"])
def test_every_jvm_reports_heap_and_garbage_collection(pipeline: Pipeline, name: str) -> None:
    found = pipeline.scrape(name)
    assert 0 < found.value("jvm_memory_used_bytes", area="heap") < found.value("jvm_memory_max_bytes", area="heap")
    assert found.total("jvm_gc_collection_seconds_count") > 0
    for metric in ("jvm_threads_current", "process_resident_memory_bytes", "process_open_fds", "process_max_fds"):
        assert found.value(metric) > 0


def test_the_figures_of_the_stages_agree(pipeline: Pipeline) -> None:
    later = pipeline.scrape("producer")
    events = later.value("tapeline_publisher_published_total", item="event")
    sent = later.value("tapeline_publisher_acknowledged_total") - events
    until(
        lambda: pipeline.scrape("aggregator").value("tapeline_aggregator_end_to_end_latency_seconds_count") >= sent,
        "all that was acknowledged is stored",
    )
    kafka = pipeline.scrape("kafka")
    ends = {
        sample.labels["partition"]: sample.value
        for sample in kafka.families["kafka_log_end_offset"].samples
        if sample.labels["topic"] == pipeline.topic
    }
    assert len(ends) == 4
    assert sum(ends.values()) > sent
    assert later.total("tapeline_feed_trades_total") >= sent
    assert later.value("tapeline_feed_latency_seconds_count") >= sent


def test_trades_are_fresh_and_their_latency_is_plausible(pipeline: Pipeline) -> None:
    found = pipeline.scrape("aggregator")
    assert 0 < time.time() - found.value("tapeline_aggregator_newest_stored_timestamp_seconds") < 120
    count = found.value("tapeline_aggregator_end_to_end_latency_seconds_count")
    assert 0 < found.value("tapeline_aggregator_end_to_end_latency_seconds_sum") / count < 120
    # Nothing is stored in the quarter of a second in which a micro-batch is but planned.
    assert found.value("tapeline_aggregator_end_to_end_latency_seconds_bucket", le="0.25") < count


def test_tables_and_topics_have_their_own_series(pipeline: Pipeline) -> None:
    cassandra = pipeline.scrape("cassandra")
    assert pipeline.keyspace in cassandra.labels("cassandra_table_disk_bytes", "keyspace")
    assert not {
        name for name in cassandra.labels("cassandra_table_disk_bytes", "keyspace") if name.startswith("system")
    }
    kafka = pipeline.scrape("kafka")
    assert kafka.value("kafka_topic_messages_in_total", topic=pipeline.topic) > 0
    assert not {name for name in kafka.labels("kafka_log_size_bytes", "topic") if name.startswith("__")}


def test_without_a_broker_the_producer_is_alive_and_not_ready(pipeline: Pipeline, kafka_stack: Stack) -> None:
    kafka_stack.kill("kafka-1")
    try:
        until(
            lambda: get(pipeline.producer.address, "/readyz") == (503, "no broker answers\n"),
            "the producer is not ready",
        )
        assert get(pipeline.producer.address, "/healthz") == (200, "ok\n")
        found = pipeline.scrape("producer")
        assert found.value("tapeline_ready") == 0
        assert found.value("tapeline_kafka_client_brokers_up") == 0
        until(
            lambda: pipeline.scrape("producer").value("tapeline_publisher_pending_records") > 100,
            "trades wait for the broker",
        )
    finally:
        kafka_stack.start("kafka-1")
    until(pipeline.producer.is_ready, "the producer is ready again")
    until(lambda: pipeline.scrape("producer").value("tapeline_publisher_pending_records") < 100, "they are delivered")
    assert pipeline.scrape("producer").value("tapeline_publisher_failed_total") == 0
