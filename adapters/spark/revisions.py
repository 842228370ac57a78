"""Twin of `domain.candle_revision`: rows of `candle_revisions` for the candles of closed windows that changed.

A restatement is two rows: the version before, as it is stored, and the version after. The version before has no reason here, and a null leaves
its column unchanged, so a version that was itself a restatement keeps its reason. The rows are written before the candles: a
repeated batch then finds either the version before, or its own version and no other one to keep.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F  # noqa: N812

from domain.candle_revision import RevisionReason

from .candles import KNOWN_AT
from .differences import CHANGED, MISSING, VALUES
from .partitions import read_partitions
from .settings import AggregatorSettings
from .stored_candles import known_at, moment, stored_candles
from .window import partition_columns

TABLE: Final = "candle_revisions"
CORRECTED_AT: Final = "corrected_at"
"""The column of differences: the moment from which the correction is known."""


def closed_windows(changed: DataFrame, closed_ms: int) -> DataFrame:
    """Return the candles whose windows end at or before a moment."""
    return changed.where(F.unix_millis("window_start") + F.col("window_ms") <= closed_ms)


def restatements(restated: DataFrame, keys: Sequence[Row], settings: AggregatorSettings) -> DataFrame:
    """Return the revisions of candles that a micro-batch has changed after their windows were closed; `keys` are their symbols and `start_ms`."""
    starts = {row.start_ms for row in keys}
    symbols = {row.symbol for row in keys}
    after = restated.select("symbol", "window_start", F.col(KNOWN_AT).alias("_after"))
    before = (
        stored_candles(restated.sparkSession, settings, symbols, min(starts), max(starts))
        .join(F.broadcast(after), ["symbol", "window_start"])
        # Otherwise it is the same version, written before a crash.
        .where(F.col(KNOWN_AT) < F.col("_after"))
    )
    return revision_rows(before).unionByName(revision_rows(restated, RevisionReason.LATE_TRADES))


def with_correction_time(found: DataFrame, settings: AggregatorSettings, day: date, begun_ms: int) -> DataFrame:
    """Add CORRECTED_AT to differences: the beginning of the run, and later than the stored version.

    A run that was killed between the revision and the candle has left a revision with the same values. The correction then has the moment of that
    revision, so both runs leave the same rows.
    """
    symbols = [row.symbol for row in found.select("symbol").distinct().collect()]
    kept = read_partitions(found.sparkSession, settings, TABLE, symbols, [day]).where(
        (F.col("window_ms") == settings.window_ms) & (F.col("reason") == str(RevisionReason.RECONCILE))
    )
    revisions = kept.select("symbol", "window_start", F.col(KNOWN_AT).alias("_kept_at"), _values().alias("_kept"))
    stored_at = F.when(F.col("stored").isNotNull(), known_at(settings.window_ms))
    unfinished = (
        found.withColumn("_stored_at", stored_at)
        .join(revisions, ["symbol", "window_start"])
        .where(F.col("_kept").eqNullSafe(F.col("computed")))
        .where(F.col("_stored_at").isNull() | (F.col("_kept_at") > F.col("_stored_at")))
        .groupBy("symbol", "window_start")
        .agg(F.max("_kept_at").alias("_unfinished_at"))
    )
    after_stored = F.timestamp_millis(F.unix_millis(stored_at) + 1)
    return found.join(unfinished, ["symbol", "window_start"], "left").withColumn(
        CORRECTED_AT, F.coalesce("_unfinished_at", F.greatest(moment(begun_ms), after_stored))
    )


def correction_revisions(dated: DataFrame, window_ms: int) -> DataFrame:
    """Return the revisions of the differences that are corrected: the stored candle, if there is one, and the correction."""
    changed = dated.where(F.col("kind") == CHANGED)
    before = _version(changed, "stored", known_at(window_ms), window_ms)
    corrected = dated.where(F.col("kind").isin(CHANGED, MISSING))
    after = _version(corrected, "computed", F.col(CORRECTED_AT), window_ms)
    return revision_rows(before).unionByName(revision_rows(after, RevisionReason.RECONCILE))


def revision_rows(candles: DataFrame, reason: RevisionReason | None = None) -> DataFrame:
    """Return the rows to write of versions of candles, which have KNOWN_AT."""
    return candles.select(
        "symbol",
        *partition_columns(F.col("window_start")),
        "window_ms",
        "window_start",
        KNOWN_AT,
        F.lit(None if reason is None else str(reason)).cast("string").alias("reason"),
        *(F.col(name).cast(kind).alias(name) for name, kind in VALUES.items()),
    )


def _version(found: DataFrame, side: str, at: Column, window_ms: int) -> DataFrame:
    return found.select(
        "symbol",
        F.lit(window_ms).cast("bigint").alias("window_ms"),
        "window_start",
        at.alias(KNOWN_AT),
        f"{side}.*",
    )


def _values() -> Column:
    """Return a struct of the columns that `differences` compares, with the types that it compares."""
    return F.struct(*(F.col(name).cast(kind).alias(name) for name, kind in VALUES.items()))
