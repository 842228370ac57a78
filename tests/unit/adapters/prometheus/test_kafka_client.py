from __future__ import annotations

from prometheus_client import CollectorRegistry

from adapters.prometheus.kafka_client import KafkaClientMetrics
from tests.support.kafka_statistics import broker, report
from tests.support.scraping import scrape


def test_before_the_first_report_no_broker_is_up() -> None:
    registry = CollectorRegistry()
    KafkaClientMetrics(registry)
    assert scrape(registry).value("tapeline_kafka_client_brokers_up") == 0


def test_times_are_seconds_and_counts_are_by_broker() -> None:
    registry = CollectorRegistry()
    client = KafkaClientMetrics(registry)
    client.statistics(report(broker(1), broker(2, name="10.0.0.2:9092", tx=11)))
    found = scrape(registry)
    assert found.value("tapeline_kafka_client_request_seconds", broker="1", quantile="0.99") == 0.051
    assert found.value("tapeline_kafka_client_queue_seconds", broker="1", quantile="0.5") == 0.005
    assert found.value("tapeline_kafka_client_requests_total", broker="1") == 10
    assert found.value("tapeline_kafka_client_requests_total", broker="2") == 11
    assert found.value("tapeline_kafka_client_retries_total", broker="1") == 1
    assert found.value("tapeline_kafka_client_request_errors_total", broker="1") == 2
    assert found.value("tapeline_kafka_client_request_timeouts_total", broker="1") == 3
    assert found.value("tapeline_kafka_client_sent_bytes_total", broker="1") == 2000
    assert found.value("tapeline_kafka_client_queued_bytes") == 210
    assert found.value("tapeline_kafka_client_buffer_bytes") == 67_108_864


def test_a_broker_known_by_address_and_as_a_node_is_one() -> None:
    client = KafkaClientMetrics(CollectorRegistry())
    client.statistics(report(broker(-1), broker(1)))
    assert client.brokers_up == 1


def test_a_broker_that_only_the_bootstrap_address_reaches_is_up_and_has_no_figures_yet() -> None:
    registry = CollectorRegistry()
    client = KafkaClientMetrics(registry)
    client.statistics(report(broker(-1)))
    assert client.brokers_up == 1
    assert "tapeline_kafka_client_requests_total" not in scrape(registry).names()


def test_a_broker_that_is_down_is_not_up() -> None:
    client = KafkaClientMetrics(CollectorRegistry())
    client.statistics(report(broker(1, state="DOWN"), broker(2, state="TRY_CONNECT", name="10.0.0.2:9092")))
    assert client.brokers_up == 0


def test_what_a_client_has_beside_brokers_is_none() -> None:
    client = KafkaClientMetrics(CollectorRegistry())
    client.statistics(report(broker(-1, name="", state="UP")))
    assert client.brokers_up == 0


def test_publish_latency_resolves_its_target_of_10_ms() -> None:
    registry = CollectorRegistry()
    KafkaClientMetrics(registry).acknowledged([0.0015, 0.0095, 0.0101])
    found = scrape(registry)
    assert found.value("tapeline_publish_latency_seconds_bucket", le="0.009") == 1
    assert found.value("tapeline_publish_latency_seconds_bucket", le="0.01") == 2
    assert found.value("tapeline_publish_latency_seconds_count") == 3


def test_it_tells_for_how_long_the_client_has_been_silent() -> None:
    now = [0.0]
    client = KafkaClientMetrics(CollectorRegistry(), monotonic=lambda: now[0])
    now[0] = 5.0
    assert client.seconds_since_report == 5
    client.statistics(report(broker(1)))
    assert client.seconds_since_report == 0
