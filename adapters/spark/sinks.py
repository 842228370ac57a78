"""Where a micro-batch goes: rows to Cassandra by the connector's batch writer, dead letters to Kafka. No row passes through Python.

Writing a micro-batch again writes the same rows under the same keys; a dead letter may then be there twice.
"""

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from .settings import AggregatorSettings
from .sources import kafka_clients

# A record of the greatest size that a broker takes by default, and its headers, are above the producer's own limit of 1 MiB.
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
    """Upsert rows into a table; a null leaves its column as it was, unless `nulls` are written as well.

    `written_us` is their write time, in microseconds since the epoch, or the name of a column that holds it for each row and is no part of the
    table; without it each request has that of the driver's clock. `ttl_s` is how long they live, in seconds; without it the table says.
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
    """Give the options by which the connector finds a table, to read or to write it."""
    return {
        "keyspace": settings.keyspace,
        "table": table,
        "spark.cassandra.connection.host": ",".join(settings.cassandra_hosts),
        "spark.cassandra.connection.port": str(settings.cassandra_port),
        "spark.cassandra.connection.localDC": settings.local_dc,
        "spark.cassandra.output.consistency.level": settings.consistency,
    }


def write_dead_letters(decoded: DataFrame, settings: AggregatorSettings) -> None:
    """Send the rejected records of what was decoded to the dead-letter topic."""
    (
        dead_letters(decoded)
        .write.format("kafka")
        .option("kafka.max.request.size", _MAX_REQUEST_BYTES)
        .options(**kafka_clients(settings))
        .option("kafka.acks", "all")
        .option("kafka.enable.idempotence", "true")
        .option("kafka.compression.type", "snappy")
        .option("topic", settings.dead_letter_topic)
        .save()
    )


def dead_letters(decoded: DataFrame) -> DataFrame:
    """Give the records of the dead-letter topic: the original key and bytes, and the headers that `domain.rejection.DeadLetter` reads."""
    source = F.concat_ws("/", "topic", F.col("partition").cast("string"), F.col("offset").cast("string"))
    return decoded.where(F.col("reason").isNotNull()).select(
        "key",
        # A record may have no value at all; a dead letter always has bytes.
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
