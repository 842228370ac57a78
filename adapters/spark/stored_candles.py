"""Read stored candles of some symbols and windows, by their keys."""

from collections.abc import Iterable
from datetime import date

from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from domain.window import partition_day

from . import candles as candle_table
from .candles import KNOWN_AT
from .partitions import read_partitions
from .settings import AggregatorSettings


def window_keys(candles: DataFrame) -> list[Row]:
    """Return `symbol` and `start_ms` (ms since the epoch) of each candle. Nothing else of it is sent to Python."""
    return candles.select("symbol", F.unix_millis("window_start").alias("start_ms")).collect()


def moment(at_ms: int) -> Column:
    """Return a moment, in milliseconds since the epoch, as a column."""
    return F.timestamp_millis(F.lit(at_ms))


def known_at(window_ms: int) -> Column:
    """Return the moment from which a stored candle is known; where none is on record, the end of its window."""
    return F.coalesce(F.col(KNOWN_AT), F.timestamp_millis(F.unix_millis("window_start") + window_ms))


def stored_candles(
    spark: SparkSession, settings: AggregatorSettings, symbols: Iterable[str], first_ms: int, last_ms: int
) -> DataFrame:
    """Read the candles of these symbols whose windows start at or between two moments (ms since the epoch), each with KNOWN_AT."""
    rows = read_partitions(spark, settings, candle_table.TABLE, sorted(symbols), days_between(first_ms, last_ms))
    in_span = F.col("window_start").between(moment(first_ms), moment(last_ms))
    return rows.where((F.col("window_ms") == settings.window_ms) & in_span).withColumn(
        KNOWN_AT, known_at(settings.window_ms)
    )


def days_between(first_ms: int, last_ms: int) -> list[date]:
    """Return the UTC days from one moment to another, both included."""
    first, last = partition_day(first_ms).toordinal(), partition_day(last_ms).toordinal()
    return [date.fromordinal(day) for day in range(first, last + 1)]
