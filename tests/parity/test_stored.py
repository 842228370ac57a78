"""What is summed up of trades on their way to the store is what Python sums up of the same trades."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pyspark.sql import SparkSession

from adapters.spark.stored import StoredSums, StoredTrades

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOW_MS = 1_700_000_000_000


def stored(
    spark: SparkSession, times: Sequence[tuple[int, int]], *, conditions: Sequence[str] = (), rejected: int = 0
) -> StoredTrades:
    """Write trades of a US stock with these conditions and these (event time, time of receipt) to nowhere."""
    rows = [(*(EPOCH + timedelta(milliseconds=ms) for ms in row), list(conditions), "US", "stock") for row in times]
    trades = spark.createDataFrame(
        rows, "timestamp timestamp, received_at timestamp, conditions array<string>, venue string, asset_class string"
    )
    sums = StoredSums()
    sums.observe(trades).write.format("noop").mode("overwrite").save()
    return sums.read(rejected=rejected)


def test_few_moments_of_receipt_are_exact(spark: SparkSession) -> None:
    times = [(NOW_MS + number, NOW_MS + 250 * (number % 4)) for number in range(100)]
    found = stored(spark, times, rejected=3)
    assert found.newest_ms == NOW_MS + 99
    trades: Counter[float] = Counter()
    for ms, weight in found.received:
        trades[ms] += int(weight)
    assert trades == {NOW_MS + 250.0 * step: 25 for step in range(4)}
    assert found.rejected == 3


def test_many_moments_become_few_points_that_stand_for_all_trades_within_a_fortieth_of_their_span(
    spark: SparkSession,
) -> None:
    span_ms = 8_000
    found = stored(spark, [(NOW_MS, NOW_MS + number) for number in range(span_ms)])
    assert len(found.received) <= 40
    assert sum(weight for _, weight in found.received) == span_ms
    mean = sum(ms * weight for ms, weight in found.received) / span_ms
    assert abs(mean - (NOW_MS + (span_ms - 1) / 2)) < 1
    for share in (0.5, 0.95):
        reached, quantile = 0.0, 0.0
        for ms, weight in sorted(found.received):
            if reached >= share * span_ms:
                break
            reached, quantile = reached + weight, ms
        assert abs(quantile - (NOW_MS + share * span_ms)) < 3 * span_ms / 40


def test_it_is_stored_when_the_write_has_returned(spark: SparkSession) -> None:
    begun_ms = time.time() * 1000
    assert begun_ms < stored(spark, [(NOW_MS, NOW_MS)]).stored_ms <= time.time() * 1000


def test_trades_with_unknown_conditions_are_counted(spark: SparkSession) -> None:
    times = [(NOW_MS, NOW_MS)] * 3
    assert stored(spark, times, conditions=("1", "99")).unknown_conditions == 3
    assert stored(spark, times, conditions=("1", "12")).unknown_conditions == 0
    assert stored(spark, times).unknown_conditions == 0


def test_no_trades_are_no_points(spark: SparkSession) -> None:
    found = stored(spark, [])
    assert (found.newest_ms, found.received) == (None, ())
