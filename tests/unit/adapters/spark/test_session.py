"""The parts of the adapter that need a session, and at most one server."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.cassandra.migrations import shipped
from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import Profile, ensure_topics
from adapters.spark.preflight import check_tables, check_topics
from adapters.spark.record import decode
from adapters.spark.session import ON_HEAP, ROCKSDB, STATE_STORE, spark_conf
from adapters.spark.settings import AggregatorSettings
from adapters.spark.sinks import dead_letters
from adapters.spark.window import partition_day, window_start_ms
from domain import window
from domain.rejection import DeadLetter, Reason, Rejection
from domain.rules import Rules
from ports.errors import BrokerError, StoreError
from tests.support.aggregators import until
from tests.support.keyspaces import fresh_settings
from tests.support.spark import renew_cassandra_connection

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

MOMENTS_MS = (0, 1, -1, 86_399_999, 86_400_000, -86_400_000, -86_400_001, 1_700_000_000_123, 253_402_300_799_999)


def test_days_and_windows_are_the_domains_whatever_the_sessions_time_zone(spark: SparkSession) -> None:
    assert spark.conf.get("spark.sql.session.timeZone") != "UTC"
    rows = (
        spark.createDataFrame([(moment,) for moment in MOMENTS_MS], "ms bigint")
        .select(
            "ms",
            partition_day(F.timestamp_millis("ms")).cast("string").alias("day"),
            window_start_ms(F.col("ms"), 7_777).alias("start"),
        )
        .collect()
    )
    assert {row.ms: (row.day, row.start) for row in rows} == {
        moment: (window.partition_day(moment).isoformat(), window.window_start_ms(moment, 7_777))
        for moment in MOMENTS_MS
    }


@pytest.mark.parametrize("value", [b"\xff\x00 not a record", None])
def test_a_dead_letter_is_read_back_by_the_domain(spark: SparkSession, value: bytes | None) -> None:
    record = spark.createDataFrame(
        [(b"key", value, "trades", 3, 12)], "key binary, value binary, topic string, partition int, offset bigint"
    ).withColumn("timestamp", F.current_timestamp())
    row = dead_letters(decode(record, Rules(), metrics="decoded")).first()
    assert row is not None
    letter = DeadLetter.from_headers(bytes(row.value), {header.key: bytes(header.value) for header in row.headers})
    assert letter.payload == (value or b"")
    assert letter.rejection == Rejection(reason=Reason.MALFORMED)
    assert letter.source == "trades/3/12"
    assert letter.rejected_ms > 1_700_000_000_000


def test_a_checkpoint_goes_on_with_the_state_store_that_it_was_begun_with(spark: SparkSession, tmp_path: Path) -> None:
    session, counted = spark.newSession(), list[int]()
    (tmp_path / "in").mkdir()
    lines = session.readStream.schema("word string").json(str(tmp_path / "in"))
    folded = lines.groupBy("word").count()
    for number, deduplicate in enumerate((True, False)):
        store = spark_conf(AggregatorSettings(deduplicate=deduplicate)).get(STATE_STORE)
        session.conf.set(STATE_STORE, str(store))
        (tmp_path / "in" / f"{number}.json").write_text('{"word": "tape"}\n')
        query = (
            folded.writeStream.outputMode("update")
            .option("checkpointLocation", str(tmp_path / "checkpoint"))
            .trigger(availableNow=True)
            .foreachBatch(lambda batch, _: counted.extend(row["count"] for row in batch.collect()))
            .start()
        )
        query.awaitTermination(60)
    assert counted == [1, 2]
    # RocksDB keeps archives, the store on the heap files of changes.
    assert list((tmp_path / "checkpoint" / "state").rglob("*.zip"))
    assert not list((tmp_path / "checkpoint" / "state").rglob("*.delta"))


def test_candles_have_their_state_on_the_heap_and_single_trades_in_rocksdb() -> None:
    stores = [spark_conf(AggregatorSettings(deduplicate=each)).get(STATE_STORE) for each in (False, True)]
    assert stores == [ON_HEAP, ROCKSDB]


def test_a_missing_topic_is_named(spark: SparkSession, bootstrap_servers: str) -> None:
    settings = AggregatorSettings(bootstrap_servers=bootstrap_servers, topic="nowhere")
    with pytest.raises(BrokerError, match="no topic nowhere"):
        check_topics(spark, settings, settings.topics)


def test_an_unavailable_kafka_is_reported(spark: SparkSession) -> None:
    with pytest.raises(BrokerError, match=r"does not answer at 127\.0\.0\.1:9\b"):
        check_topics(spark, AggregatorSettings(bootstrap_servers="127.0.0.1:9"), ["trades"])


def test_invalid_properties_of_the_kafka_client_are_reported_without_their_values(spark: SparkSession) -> None:
    settings = AggregatorSettings(
        kafka_properties={
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="hush"',
        }
    )
    with pytest.raises(BrokerError) as caught:
        check_topics(spark, settings, settings.topics)
    assert "hush" not in str(caught.value)


def test_a_missing_keyspace_is_reported(spark: SparkSession, cassandra_contact: tuple[list[str], int]) -> None:
    hosts, port = cassandra_contact
    settings = AggregatorSettings(cassandra_hosts=tuple(hosts), cassandra_port=port, keyspace="nowhere")
    with pytest.raises(StoreError, match=r"no table nowhere\.trades_v2"):
        check_tables(spark, settings)


def test_a_schema_without_the_eligible_view_is_reported(
    spark: SparkSession, cassandra_contact: tuple[list[str], int]
) -> None:
    cassandra = fresh_settings(cassandra_contact)
    apply_schema(cassandra, Replication.dev(), [file for file in shipped() if file.number < 4])
    settings = AggregatorSettings(
        cassandra_hosts=cassandra.hosts, cassandra_port=cassandra.port, keyspace=cassandra.keyspace
    )

    renew_cassandra_connection(spark)

    def is_reported() -> bool:
        # Until the new connection is open, another error may be reported.
        with pytest.raises(StoreError) as caught:
            check_tables(spark, settings)
        return "trade_aggregates has no column eligible_open: apply the schema" in str(caught.value)

    until(is_reported, "the missing column is reported", 60)


def test_too_few_copies_are_reported(
    spark: SparkSession, bootstrap_servers: str, cassandra_contact: tuple[list[str], int]
) -> None:
    kafka = KafkaSettings(bootstrap_servers=bootstrap_servers)
    ensure_topics(kafka, profile=Profile.DEV)
    cassandra = fresh_settings(cassandra_contact)
    apply_schema(cassandra, Replication.dev())
    settings = AggregatorSettings(
        bootstrap_servers=bootstrap_servers,
        cassandra_hosts=cassandra.hosts,
        cassandra_port=cassandra.port,
        keyspace=cassandra.keyspace,
        min_copies=3,
    )
    with pytest.raises(BrokerError, match="fewer than 3 replicas: trades has 1"):
        check_topics(spark, settings, ["trades"])

    renew_cassandra_connection(spark)

    def is_reported() -> bool:
        # Until the new connection is open, another error may be reported.
        with pytest.raises(StoreError) as caught:
            check_tables(spark, settings)
        return f"keeps 1 copies of the keyspace '{cassandra.keyspace}' in dc1, fewer than 3" in str(caught.value)

    until(is_reported, "the few copies are reported", 60)


def test_an_unavailable_cassandra_is_reported(spark: SparkSession) -> None:
    with pytest.raises(StoreError, match=r"does not answer at 127\.0\.0\.1:9\b"):
        check_tables(spark, AggregatorSettings(cassandra_port=9))
