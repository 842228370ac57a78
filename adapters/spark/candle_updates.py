"""Twin of `domain.candle_update`: candles as records of the topic `candles`, with the same texts."""

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import DecimalType

from domain.candle_revision import RevisionReason
from domain.candle_update import SCHEMA_VERSION

from .candles import KNOWN_AT
from .decimals import plain
from .differences import VALUES

_WITH_NULLS: Final = {"ignoreNullFields": "false"}


def closed_reason(closed_ms: int) -> Column:
    """Return the reason of a change in a micro-batch: late trades, if the window ended at or before `closed_ms`; null otherwise."""
    end_ms = F.unix_millis("window_start") + F.col("window_ms")
    return F.when(end_ms <= closed_ms, str(RevisionReason.LATE_TRADES))


def update_records(candles: DataFrame, *, reason: Column, is_final: bool) -> DataFrame:
    """Return key and value of a record for each row of `trade_aggregates`, which has KNOWN_AT."""
    start_ms = F.unix_millis("window_start")
    key = F.concat_ws("|", "symbol", F.col("window_ms").cast("string"), start_ms.cast("string"))
    value = F.struct(
        F.lit(SCHEMA_VERSION).alias("v"),
        "symbol",
        "window_ms",
        start_ms.alias("window_start_ms"),
        F.unix_millis(KNOWN_AT).alias("known_at_ms"),
        reason.cast("string").alias("reason"),
        F.lit(is_final).alias("final"),
        *(_field(name, kind).alias(name) for name, kind in VALUES.items()),
    )
    return candles.select(key.alias("key"), F.to_json(value, _WITH_NULLS).alias("value"))


def _field(name: str, kind: str | DecimalType) -> Column:
    if isinstance(kind, DecimalType):
        return plain(F.col(name).cast(kind), kind.scale)
    return F.unix_millis(name) if kind == "timestamp" else F.col(name)
