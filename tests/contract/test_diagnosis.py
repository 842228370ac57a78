"""What the diagnoses find on real servers: nothing on a cluster that was set up, and each fault by its name."""

from __future__ import annotations

import uuid

import attrs
import pytest
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined] # exported, but its type hints do not say so

from adapters.cassandra.diagnosis import CassandraDiagnosis
from adapters.cassandra.migrations import shipped
from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.cassandra.settings import CassandraSettings
from adapters.kafka.diagnosis import KafkaDiagnosis
from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import Profile, ensure_candles, ensure_topics, ensure_watchlist
from adapters.system_clock import system_clock
from apps.local_stack.parts import cassandra_of, kafka_of
from devstack.servers.secrets import ADMIN
from devstack.stack import Stack
from ports.diagnosis import Diagnosis
from tests.contract.stores import make_trade
from tests.support.keyspaces import fresh_keyspace
from tests.support.timeouts import TIMEOUT_S

pytestmark = pytest.mark.servers


def failed(diagnosis: Diagnosis) -> dict[str, str]:
    return {finding.check: finding.detail for finding in diagnosis.findings() if not finding.ok}


@pytest.fixture
def kafka(each_kafka_stack: Stack) -> KafkaSettings:
    name = uuid.uuid4().hex[:8]
    return attrs.evolve(
        kafka_of(each_kafka_stack, ADMIN),
        trades_topic=f"{name}-trades",
        dead_letters_topic=f"{name}-dlq",
        events_topic=f"{name}-events",
        candles_topic=f"{name}-candles",
        watchlist_topic=f"{name}-watchlist",
        connect_timeout_s=TIMEOUT_S,
    )


@pytest.fixture
def cassandra(each_cassandra_stack: Stack) -> CassandraSettings:
    return fresh_keyspace(cassandra_of(each_cassandra_stack, ADMIN))


def set_up(kafka: KafkaSettings) -> None:
    ensure_topics(kafka, profile=Profile.DEV)
    ensure_candles(kafka, profile=Profile.DEV)
    ensure_watchlist(kafka, profile=Profile.DEV)


def test_kafka_that_was_set_up_is_in_order(kafka: KafkaSettings) -> None:
    set_up(kafka)
    findings = KafkaDiagnosis(kafka).findings()
    assert [(finding.check, finding.ok) for finding in findings] == [
        ("kafka.reachable", True), ("kafka.topics", True), ("kafka.rights", True), ("kafka.clock", True),
    ]  # fmt: skip


def test_missing_topics_are_named(kafka: KafkaSettings) -> None:
    found = failed(KafkaDiagnosis(kafka))
    assert found.keys() == {"kafka.topics"}
    assert f"{kafka.trades_topic}: does not exist" in found["kafka.topics"]
    assert f"{kafka.watchlist_topic}: does not exist" in found["kafka.topics"]


def test_a_topic_with_another_config_is_named(kafka: KafkaSettings) -> None:
    client = AdminClient(kafka.client())
    topic = NewTopic(kafka.trades_topic, 2, 1, config={"message.timestamp.type": "CreateTime"})
    client.create_topics([topic])[kafka.trades_topic].result(timeout=TIMEOUT_S)
    set_up(kafka)
    assert "message.timestamp.type is CreateTime, not LogAppendTime" in failed(KafkaDiagnosis(kafka))["kafka.topics"]


def test_a_local_clock_that_is_behind_kafka_is_found(kafka: KafkaSettings) -> None:
    set_up(kafka)
    with KafkaPublisher(kafka) as publisher:
        publisher.publish(make_trade("AAPL"))
        assert publisher.flush(TIMEOUT_S).acknowledged == 1
    assert failed(KafkaDiagnosis(kafka)) == {}
    late = KafkaDiagnosis(kafka, now_ms=lambda: system_clock() - 60_000)
    assert "in the future of this machine" in failed(late)["kafka.clock"]


def test_kafka_that_is_down_is_one_finding(kafka: KafkaSettings) -> None:
    nowhere = attrs.evolve(kafka, bootstrap_servers="127.0.0.1:9", connect_timeout_s=1)
    assert failed(KafkaDiagnosis(nowhere)).keys() == {"kafka.reachable"}


def test_cassandra_that_was_set_up_is_in_order(cassandra: CassandraSettings) -> None:
    apply_schema(cassandra, Replication.dev())
    findings = CassandraDiagnosis(cassandra).findings()
    assert [(finding.check, finding.ok) for finding in findings] == [
        ("cassandra.reachable", True), ("cassandra.schema", True), ("cassandra.rights", True), ("cassandra.clock", True),
    ]  # fmt: skip


def test_a_missing_keyspace_and_missing_migrations_are_found(cassandra: CassandraSettings) -> None:
    assert failed(CassandraDiagnosis(cassandra)).keys() == {"cassandra.schema", "cassandra.rights"}
    apply_schema(cassandra, Replication.dev(), shipped()[:-1])
    assert shipped()[-1].name in failed(CassandraDiagnosis(cassandra))["cassandra.schema"]


def test_a_clock_that_differs_from_cassandras_is_found(cassandra: CassandraSettings) -> None:
    apply_schema(cassandra, Replication.dev())
    ahead = CassandraDiagnosis(cassandra, now_ms=lambda: system_clock() + 60_000)
    assert "behind this machine" in failed(ahead)["cassandra.clock"]


def test_cassandra_that_is_down_is_one_finding(cassandra: CassandraSettings) -> None:
    nowhere = attrs.evolve(cassandra, port=9, connect_timeout_s=1)
    assert failed(CassandraDiagnosis(nowhere)).keys() == {"cassandra.reachable"}
