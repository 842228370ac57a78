"""Reading rows by their partitions: one read for each symbol and day, spread over the tasks, and never a scan of the table."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import reduce
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from .settings import AggregatorSettings
from .sinks import table_options

_READING: Final = {
    # Each key is a request of its own, to a node that has it, rather than all of them one request to one node.
    "spark.cassandra.sql.inClauseToJoinConversionThreshold": "1",
}


def read_partitions(
    spark: SparkSession, settings: AggregatorSettings, table: str, symbols: Sequence[str], days: Iterable[date]
) -> DataFrame:
    """Read all rows of these symbols and days, by the consistency level of writes: what was written is then seen."""
    rows = (
        spark.read.format("org.apache.spark.sql.cassandra")
        .options(**table_options(settings, table), **_READING)
        .option("spark.cassandra.input.consistency.level", settings.consistency)
        .load()
    )
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
