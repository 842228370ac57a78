"""A topic as a stream of records."""

from pyspark.sql import DataFrame, SparkSession

from .kafka_client import client_properties
from .settings import AggregatorSettings


def kafka_clients(settings: AggregatorSettings) -> dict[str, str]:
    """Return the options of every Kafka source and sink of Spark. Raise PemError if a certificate cannot be used."""
    return {f"kafka.{name}": value for name, value in client_properties(settings).items()}


def topic_records(spark: SparkSession, settings: AggregatorSettings, *, topic: str, query: str) -> DataFrame:
    """Read a topic: key, value, topic, partition, offset, timestamp.

    Data that Kafka lost before it was read is an error, never skipped in silence.
    """
    return (
        spark.readStream.format("kafka")
        .options(**kafka_clients(settings))
        .option("subscribe", topic)
        .option("startingOffsets", settings.starting_offsets)
        .option("failOnDataLoss", "true")
        .option("maxOffsetsPerTrigger", settings.max_offsets_per_trigger)
        .option("groupIdPrefix", f"tapeline-{query}")
        .load()
        .select("key", "value", "topic", "partition", "offset", "timestamp")
    )
