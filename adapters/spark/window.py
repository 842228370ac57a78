"""Twins of `domain.window`, on whole milliseconds, so that the time zone of the session has no effect."""

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812

from domain.rules import DAY_MS


def window_start_ms(timestamp_ms: Column, length_ms: int) -> Column:
    """Return the start of the window of this length that contains the time, also before 1970."""
    return timestamp_ms - F.pmod(timestamp_ms, F.lit(length_ms))


def partition_day(moment: Column) -> Column:
    """Return the UTC day of a timestamp, as a date."""
    day_ms = window_start_ms(F.unix_millis(moment), DAY_MS)
    return F.date_from_unix_date((day_ms / DAY_MS).cast("int"))


def partition_columns(moment: Column, prefix: str = "trade") -> list[Column]:
    """Return the columns that, with the symbol, are the partition key of a row: year, month and day of the time, with a prefix."""
    day = partition_day(moment)
    return [
        F.year(day).alias(f"{prefix}_year"),
        F.month(day).alias(f"{prefix}_month"),
        F.dayofmonth(day).alias(f"{prefix}_day"),
    ]
