"""Read rows by partition: one request for each symbol and day, spread over the tasks, and never a scan of the table."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import reduce
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from .settings import AggregatorSettings
from .sinks import table_options

_READING: Final = {
    # Each key becomes a request of its own to a replica, instead of one request with all keys to one node.
    "spark.cassandra.sql.inClauseToJoinConversionThreshold": "1",
}


EXTENSIONS: Final = "com.datastax.spark.connector.CassandraSparkExtensions"
"""What the connector adds to Spark's SQL, such as the function `writetime`; set when a session starts."""

WRITTEN_US: Final = "written_us"
"""The column that holds the latest write time of a row, in microseconds since the epoch."""


def read_partitions(
    spark: SparkSession,
    settings: AggregatorSettings,
    table: str,
    symbols: Sequence[str],
    days: Iterable[date],
    *,
    write_times_of: Sequence[str] = (),
) -> DataFrame:
    """Read all rows of these symbols and days, at the consistency level of writes, so that everything written before is seen.

    With `write_times_of`, WRITTEN_US is added: the latest write time of these columns, read with their values. The session needs EXTENSIONS.
    """
    rows = (
        spark.read.format("org.apache.spark.sql.cassandra")
        .options(**table_options(settings, table), **_READING)
        .option("spark.cassandra.input.consistency.level", settings.consistency)
        .load()
    )
    if write_times_of:
        # A column that is null has no write time, and `greatest` ignores it.
        times = [F.expr(f"writetime({name})") for name in write_times_of]
        rows = rows.withColumn(WRITTEN_US, F.greatest(*times))
    parts = [
        rows.where(
            F.col("symbol").isin(list(symbols))
            & (F.col("trade_year") == day.year)
            & (F.col("trade_month") == day.month)
            & (F.col("trade_day") == day.day)
        )
        for day in days
    ]
    return reduce(DataFrame.union, parts) if parts else rows.limit(0)
