"""Twin of `domain.candle`: one definition of a candle, for a stream and for a table of trades alike.

Open and close are the least and the greatest key (event time, trade id, price), never the first and last to arrive. Spark buffers such a key as
a struct with a string in it, so it aggregates by sorting and not by hashing; measured on a million records, that adds a tenth to
decoding them, and a key packed into fixed width would have to hold 30 digits of id and price as well.
"""

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from .decimals import PRICE, SMALL, VOLUME, multiply, ratio
from .window import partition_columns

TABLE: Final = "trade_aggregates"
WINDOW: Final = "_window"


def candles(trades: DataFrame, window_ms: int) -> DataFrame:
    """Fold trades into the rows of `trade_aggregates`, one a symbol and window of `window_ms` milliseconds, aligned to the epoch.

    `trades` has symbol, timestamp, trade_id, price and volume, as `record.trades` gives them or as `trades_v2` stores them. On a stream it
    carries the watermark on `timestamp`. Sums are exact; should one ever not fit its digits, the query fails rather than store a null.
    """
    return fold(windowed(trades, window_ms), window_ms)


def windowed(trades: DataFrame, window_ms: int) -> DataFrame:
    """Add to each trade the window that holds it; on a stream the window carries the watermark, as the timestamp does."""
    return trades.withColumn(WINDOW, F.window("timestamp", f"{window_ms} milliseconds"))


def fold(trades: DataFrame, window_ms: int) -> DataFrame:
    """Do what `candles` does, with trades that know their window."""
    # Stored decimals come back from Cassandra as decimal(38,18).
    exact = trades.withColumns({"price": F.col("price").cast(PRICE), "volume": F.col("volume").cast(VOLUME)})
    # Volumes are sorted and summed up as numbers of 8 bytes; the few that have a digit more come along as the objects that VOLUMEs are to Spark.
    small = exact.withColumn("_small", F.col("volume").cast(SMALL))
    sized = small.withColumn("_large", F.when(F.col("_small").isNull(), F.col("volume")))
    volume = F.coalesce(F.col("_small").cast(VOLUME), F.col("_large"))
    is_price_update = F.coalesce(F.col("_small") == 0, F.lit(False))
    key = F.struct("timestamp", "trade_id", "price")
    folded = sized.groupBy("symbol", WINDOW).agg(
        F.min(key).alias("_open"),
        F.max(key).alias("_close"),
        F.max("price").alias("high"),
        F.min("price").alias("low"),
        _never_null(F.sum(volume), "volume").alias("volume"),
        F.count(F.when(~is_price_update, 1)).alias("trade_count"),
        F.count(F.when(is_price_update, 1)).alias("update_count"),
        _never_null(F.sum(multiply(F.col("price"), volume)), "notional").alias("notional"),
    )
    start = F.col(f"{WINDOW}.start")
    return folded.select(
        "symbol",
        *partition_columns(start),
        F.lit(window_ms).cast("bigint").alias("window_ms"),
        start.alias("window_start"),
        F.col("_open.price").alias("open"),
        "high",
        "low",
        F.col("_close.price").alias("close"),
        "volume",
        "trade_count",
        "update_count",
        "notional",
        vwap(F.col("notional"), F.col("volume")).alias("vwap"),
        F.col("_open.timestamp").alias("open_timestamp"),
        F.col("_open.trade_id").alias("open_trade_id"),
        F.col("_close.timestamp").alias("close_timestamp"),
        F.col("_close.trade_id").alias("close_trade_id"),
    )


def vwap(notional: Column, volume: Column) -> Column:
    """Give the volume-weighted average price, rounded half up to 8 decimals; null where nothing but price updates came."""
    return F.when(volume != 0, ratio(notional, volume))


def _never_null(total: Column, name: str) -> Column:
    return F.coalesce(total, F.raise_error(F.lit(f"the {name} of a candle exceeds its digits")))
