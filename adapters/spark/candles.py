"""Twin of `domain.candle`: one definition of a candle, for a stream and for a table of trades.

Open and close are the least and the greatest key (event time, trade id, price), never the first and the last trade to arrive.

Spark sorts the trades of a micro-batch by window before it aggregates such a key, a struct with a string, unless one of the aggregates is a collection:
then it finds the window of each trade by hash, which takes about a tenth less CPU time. `_kinds` is such a collection. It holds the few different
eligibilities of a window's trades, and so tells a sum without trades from a sum that does not fit its digits.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from .decimals import PRICE, SMALL, VOLUME, VOLUME_SUM, add_notionals, multiply, ratio
from .eligibility import COUNTS_IN_VOLUME, ELIGIBILITY, SETS_HIGH_LOW, SETS_OPEN_CLOSE, has
from .window import partition_columns

TABLE: Final = "trade_aggregates"
WINDOW: Final = "_window"
NOTHING: Final[Mapping[str, Column]] = MappingProxyType({})
APPENDED_AT: Final = "_appended_at"
"""The column of trades with the time at which the broker appended their records; stored trades have none."""
KNOWN_AT: Final = "known_at"
"""The column with the moment from which a candle is known (`domain.candle_revision`): when the last of its trades was appended."""


def candles(trades: DataFrame, window_ms: int, beside: Mapping[str, Column] = NOTHING) -> DataFrame:
    """Fold trades into the rows of `trade_aggregates`, one a symbol and window of `window_ms` milliseconds, aligned to the epoch.

    `trades` has symbol, timestamp, trade_id, price, volume and the column of `eligibility`, as `record.trades` or `trades_v2` and one of the
    functions of `eligibility` return them. `beside` has further aggregates of the trades, by the name of their column. On a stream, the watermark is on
    `timestamp`. Sums are exact. If a sum does not fit its digits, the query fails and stores no null.
    """
    return fold(windowed(trades, window_ms), window_ms, beside)


def windowed(trades: DataFrame, window_ms: int) -> DataFrame:
    """Add to each trade the window that holds it; on a stream the window carries the watermark, as the timestamp does."""
    return trades.withColumn(WINDOW, F.window("timestamp", f"{window_ms} milliseconds"))


def fold(trades: DataFrame, window_ms: int, beside: Mapping[str, Column] = NOTHING) -> DataFrame:
    """Fold trades that `windowed` returned into the rows of `trade_aggregates`.

    Each aggregate exists twice: for the trades that are eligible for it, and for the others. A trade goes into one of the two, so both views cost
    about as much as one. The raw view is the combination of the two, at the end.
    """
    # Stored decimals come back from Cassandra as decimal(38,18).
    exact = trades.withColumns({"price": F.col("price").cast(PRICE), "volume": F.col("volume").cast(VOLUME)})
    # Volumes are sorted and summed up as numbers of 8 bytes; the few that have a digit more come along as the objects that VOLUMEs are to Spark.
    small = exact.withColumn("_small", F.col("volume").cast(SMALL))
    sized = small.withColumn("_large", F.when(F.col("_small").isNull(), F.col("volume")))
    volume = F.coalesce(F.col("_small").cast(VOLUME), F.col("_large"))
    notional = multiply(F.col("price"), volume)
    is_price_update = F.coalesce(F.col("_small") == 0, F.lit(False))
    key = F.struct("timestamp", "trade_id", "price")
    kind = F.col(ELIGIBILITY)
    sets_key, sets_price = has(kind, SETS_OPEN_CLOSE), has(kind, SETS_HIGH_LOW)
    folded = sized.groupBy("symbol", WINDOW).agg(
        F.min(F.when(sets_key, key)).alias("_eligible_open"),
        F.min(F.when(~sets_key, key)).alias("_other_open"),
        F.max(F.when(sets_key, key)).alias("_eligible_close"),
        F.max(F.when(~sets_key, key)).alias("_other_close"),
        F.max(F.when(sets_price, F.col("price"))).alias("eligible_high"),
        F.max(F.when(~sets_price, F.col("price"))).alias("_other_high"),
        F.min(F.when(sets_price, F.col("price"))).alias("eligible_low"),
        F.min(F.when(~sets_price, F.col("price"))).alias("_other_low"),
        F.sum(F.when(_is_averaged(kind), volume)).alias("_averaged_volume"),
        F.sum(F.when(_is_priceless(kind), volume)).alias("_priceless_volume"),
        F.sum(F.when(_is_uncounted(kind), volume)).alias("_uncounted_volume"),
        F.sum(F.when(_is_averaged(kind), notional)).alias("_averaged_notional"),
        F.sum(F.when(~_is_averaged(kind), notional)).alias("_other_notional"),
        F.collect_set(kind).alias("_kinds"),
        F.count(F.when(~is_price_update, 1)).alias("trade_count"),
        F.count(F.when(~is_price_update & has(kind, COUNTS_IN_VOLUME), 1)).alias("eligible_count"),
        F.count(F.when(is_price_update, 1)).alias("update_count"),
        *(aggregate.alias(name) for name, aggregate in beside.items()),
    )
    parts = folded.withColumns(
        {
            "_open": F.least("_eligible_open", "_other_open"),
            "_close": F.greatest("_eligible_close", "_other_close"),
            "eligible_vwap_volume": _total("_averaged_volume", _is_averaged),
            "_priceless_volume": _total("_priceless_volume", _is_priceless),
            "_uncounted_volume": _total("_uncounted_volume", _is_uncounted),
            "eligible_notional": _total("_averaged_notional", _is_averaged),
            "_other_notional": _total("_other_notional", lambda kind: ~_is_averaged(kind)),
        }
    )
    counted = F.col("eligible_vwap_volume") + F.col("_priceless_volume")
    views = parts.withColumns(
        {
            "eligible_volume": _never_null(counted.cast(VOLUME_SUM), "volume"),
            "volume": _never_null((counted + F.col("_uncounted_volume")).cast(VOLUME_SUM), "volume"),
            "notional": F.when(F.col("_other_notional") == 0, F.col("eligible_notional")).otherwise(
                _never_null(add_notionals(F.col("eligible_notional"), F.col("_other_notional")), "notional")
            ),
        }
    )
    start = F.col(f"{WINDOW}.start")
    return views.select(
        "symbol",
        *partition_columns(start),
        F.lit(window_ms).cast("bigint").alias("window_ms"),
        start.alias("window_start"),
        F.col("_open.price").alias("open"),
        F.greatest("eligible_high", "_other_high").alias("high"),
        F.least("eligible_low", "_other_low").alias("low"),
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
        F.col("_eligible_open.price").alias("eligible_open"),
        "eligible_high",
        "eligible_low",
        F.col("_eligible_close.price").alias("eligible_close"),
        "eligible_volume",
        "eligible_count",
        "eligible_vwap_volume",
        "eligible_notional",
        vwap(F.col("eligible_notional"), F.col("eligible_vwap_volume")).alias("eligible_vwap"),
        F.col("_eligible_open.timestamp").alias("eligible_open_timestamp"),
        F.col("_eligible_open.trade_id").alias("eligible_open_trade_id"),
        F.col("_eligible_close.timestamp").alias("eligible_close_timestamp"),
        F.col("_eligible_close.trade_id").alias("eligible_close_trade_id"),
        *beside,
    )


def vwap(notional: Column, volume: Column) -> Column:
    """Return the volume-weighted average price, rounded half up to 8 decimals; null without a volume."""
    return F.when(volume != 0, ratio(notional, volume))


def _is_averaged(kind: Column) -> Column:
    """Return whether trades of a kind count in the eligible vwap."""
    return has(kind, SETS_HIGH_LOW) & has(kind, COUNTS_IN_VOLUME)


def _is_priceless(kind: Column) -> Column:
    return ~has(kind, SETS_HIGH_LOW) & has(kind, COUNTS_IN_VOLUME)


def _is_uncounted(kind: Column) -> Column:
    return ~has(kind, COUNTS_IN_VOLUME)


def _total(name: str, includes: Callable[[Column], Column]) -> Column:
    """Return the sum in a column, or 0 if the candle has no trade of a kind that it includes: a null is then no overflow."""
    return F.when(F.exists("_kinds", includes), _never_null(F.col(name), name.removeprefix("_"))).otherwise(0)


def _never_null(total: Column, name: str) -> Column:
    return F.coalesce(total, F.raise_error(F.lit(f"the {name} of a candle exceeds its digits")))
