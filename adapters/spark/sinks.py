"""The sinks of a micro-batch: rows to Cassandra by the connector's batch writer, dead letters to Kafka. No row is sent to Python.

Repeating a micro-batch writes the same rows under the same keys; its dead letters are sent twice.
"""

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from .settings import AggregatorSettings
from .sources import kafka_clients

# The largest record that a broker accepts by default exceeds, with its headers, the producer's own limit of 1 MiB.
_MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024


def write_rows(
    rows: DataFrame,
    settings: AggregatorSettings,
    table: str,
    *,
    written_us: int | str | None = None,
    ttl_s: int | None = None,
    nulls: bool = False,
) -> None:
    """Upsert rows into a table; a null leaves its column unchanged, unless `nulls` is set.

    `written_us` is the write time, in microseconds since the epoch, or the name of a column with the write time of each row, which is not a column
    of the table; without it, the time of each request counts. `ttl_s` is the time to live, in seconds; without it, the default of the table counts.
    """
    of_each_row = isinstance(written_us, str)
    more = {
        "spark.cassandra.output.timestamp": None if of_each_row else written_us,
        "writetime": written_us if of_each_row else None,
        "spark.cassandra.output.ttl": ttl_s,
        "spark.cassandra.output.ignoreNulls": "false" if nulls else "true",
    }
    (
        rows.write.format("org.apache.spark.sql.cassandra")
        .mode("append")
        .options(**table_options(settings, table))
        .options(**{name: str(value) for name, value in more.items() if value is not None})
        .save()
    )


def table_options(settings: AggregatorSettings, table: str) -> dict[str, str]:
    """Return the options with which the connector reads or writes a table."""
    return {
        "keyspace": settings.keyspace,
        "table": table,
        "spark.cassandra.connection.host": ",".join(settings.cassandra_hosts),
        "spark.cassandra.connection.port": str(settings.cassandra_port),
        "spark.cassandra.connection.localDC": settings.local_dc,
        "spark.cassandra.output.consistency.level": settings.consistency,
    }


def write_dead_letters(decoded: DataFrame, settings: AggregatorSettings) -> None:
    """Send the rejected records among the decoded ones to the dead-letter topic."""
    send(dead_letters(decoded), settings, settings.dead_letter_topic)


def send(records: DataFrame, settings: AggregatorSettings, topic: str) -> None:
    """Send records to a topic; all are acknowledged when this returns."""
    (
        records.write.format("kafka")
        .option("kafka.max.request.size", _MAX_REQUEST_BYTES)
        .options(**kafka_clients(settings))
        .option("kafka.acks", "all")
        .option("kafka.enable.idempotence", "true")
        .option("kafka.compression.type", "snappy")
        .option("topic", topic)
        .save()
    )


def dead_letters(decoded: DataFrame) -> DataFrame:
    """Return the records of the dead-letter topic: the original key and value, and the headers that `domain.rejection.DeadLetter` reads."""
    source = F.concat_ws("/", "topic", F.col("partition").cast("string"), F.col("offset").cast("string"))
    return decoded.where(F.col("reason").isNotNull()).select(
        "key",
        # A record may have no value; a dead letter always has one.
        F.coalesce("value", F.lit(b"")).alias("value"),
        F.array(
            _header("reason", F.col("reason")),
            _header("detail", F.lit("")),
            _header("source", source),
            _header("rejected_ms", F.unix_millis(F.current_timestamp()).cast("string")),
        ).alias("headers"),
    )


def _header(name: str, value: Column) -> Column:
    return F.struct(F.lit(name).alias("key"), value.cast("binary").alias("value"))
