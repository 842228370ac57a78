"""Stored candles against those of the stored trades: each window in which they differ, and how.

| kind | what is there | what is done |
| --- | --- | --- |
| `missing` | trades, and no candle | the candle is written |
| `changed` | a candle that is not that of its trades | it is replaced |
| `extra` | a candle, and not one trade | it stays: trades can get lost or be deleted, and a candle may be all that is left of them |

A candle that counts more trades than are stored, none included, is left out while the store has no trade from after its window: its own may
still be on their way (`domain.reconciliation`).
"""

from functools import reduce
from operator import or_
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import DecimalType

from .candles import KNOWN_AT
from .decimals import NOTIONAL, PRICE, VOLUME_SUM
from .partitions import WRITTEN_US
from .window import partition_columns

MISSING: Final = "missing"
CHANGED: Final = "changed"
EXTRA: Final = "extra"
KINDS: Final = (MISSING, CHANGED, EXTRA)

# As `candles.candles` returns them; Cassandra returns other numbers of digits.
VALUES: Final[dict[str, str | DecimalType]] = {
    "open": PRICE,
    "high": PRICE,
    "low": PRICE,
    "close": PRICE,
    "volume": VOLUME_SUM,
    "trade_count": "bigint",
    "update_count": "bigint",
    "notional": NOTIONAL,
    "vwap": PRICE,
    "open_timestamp": "timestamp",
    "open_trade_id": "string",
    "close_timestamp": "timestamp",
    "close_trade_id": "string",
    "eligible_open": PRICE,
    "eligible_high": PRICE,
    "eligible_low": PRICE,
    "eligible_close": PRICE,
    "eligible_volume": VOLUME_SUM,
    "eligible_count": "bigint",
    "eligible_vwap_volume": VOLUME_SUM,
    "eligible_notional": NOTIONAL,
    "eligible_vwap": PRICE,
    "eligible_open_timestamp": "timestamp",
    "eligible_open_trade_id": "string",
    "eligible_close_timestamp": "timestamp",
    "eligible_close_trade_id": "string",
}
"""The columns of a candle that are compared, and their types."""


def differences(stored: DataFrame, computed: DataFrame, *, window_ms: int, closed_ms: int, passed_ms: int) -> DataFrame:
    """Compare two sets of rows of `trade_aggregates`, all of windows of one length: those stored and those of the stored trades.

    `stored` also has WRITTEN_US and KNOWN_AT. Return a row for each difference: symbol, window_start, kind, `stored` and `computed` (structs of
    VALUES, null where there is none), and WRITTEN_US and KNOWN_AT of the stored candle. Windows that end after `closed_ms` are left out, and after
    `passed_ms` those whose stored candle counts more trades; both in ms since the epoch.
    """
    sides = [
        side.select(
            "symbol",
            "window_start",
            *further,
            F.struct(*(F.col(c).cast(t).alias(c) for c, t in VALUES.items())).alias(name),
        )
        for side, name, further in ((stored, "stored", [WRITTEN_US, KNOWN_AT]), (computed, "computed", []))
    ]
    joined = sides[0].join(sides[1], ["symbol", "window_start"], "full_outer")
    end_ms = F.unix_millis("window_start") + window_ms
    counts_more = _trades("stored") > _trades("computed")
    judged = (end_ms <= closed_ms) & (~counts_more | (end_ms <= passed_ms))
    return joined.where(judged).withColumn("kind", _kind()).where(F.col("kind").isNotNull())


def corrections(found: DataFrame, kind: str, window_ms: int) -> DataFrame:
    """Return the rows of `trade_aggregates` to write for the differences of one kind, and WRITTEN_US and KNOWN_AT as they are there."""
    return found.where(F.col("kind") == kind).select(
        "symbol",
        *partition_columns(F.col("window_start")),
        F.lit(window_ms).cast("bigint").alias("window_ms"),
        "window_start",
        *(F.col(f"computed.{name}").alias(name) for name in VALUES),
        WRITTEN_US,
        KNOWN_AT,
    )


def _trades(side: str) -> Column:
    count = F.col(f"{side}.trade_count") + F.col(f"{side}.update_count")
    return F.coalesce(count, F.lit(0))


def _kind() -> Column:
    differs = reduce(or_, (~F.col(f"stored.{name}").eqNullSafe(F.col(f"computed.{name}")) for name in VALUES))
    return F.when(F.col("stored").isNull(), MISSING).when(F.col("computed").isNull(), EXTRA).when(differs, CHANGED)
