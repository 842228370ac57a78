"""The candles of ten thousand records are the same in the domain and in Spark: decimals equal, not close."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.spark import decimals as spark_decimals
from adapters.spark.candles import candles
from adapters.spark.eligibility import COUNTS_IN_VOLUME, ELIGIBILITY, flags_of
from domain.candle import fold
from domain.decimals import NOTIONAL_LIMIT, PRICE_LIMIT, multiply, ratio
from domain.eligibility import FULLY_ELIGIBLE
from domain.rules import Rules
from domain.trade import Trade
from tests.support.records import Records
from tests.support.twins import domain_candles, domain_verdicts, spark_candles

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


@pytest.mark.parametrize("window_ms", [60_000, 1_000, 7_777, 86_400_000, 7 * 86_400_000])
def test_candles_of_any_length_are_equal(spark: SparkSession, window_ms: int) -> None:
    entries = Records(seed=20191011).entries(10_000)
    trades = [verdict for verdict in domain_verdicts(entries, Rules()) if isinstance(verdict, Trade)]
    expected = domain_candles(fold(trades, window_ms).values())
    assert len(expected) >= 5
    assert spark_candles(spark, entries, Rules(), window_ms) == expected


def test_the_order_of_arrival_says_nothing(spark: SparkSession) -> None:
    entries = Records(seed=3).entries(1_000)
    shuffled = random.Random(4).sample(entries, len(entries))
    assert spark_candles(spark, shuffled, Rules(), 60_000) == spark_candles(spark, entries, Rules(), 60_000)


def near_ties(count: int) -> list[tuple[Decimal, Decimal]]:
    """Pairs of notional and volume whose quotient is a tie at the ninth decimal, or misses one by the least that 16 decimals can say."""
    source = random.Random(9)
    pairs: list[tuple[Decimal, Decimal]] = []
    while len(pairs) < count:
        volume = source.randrange(1, 10 ** source.randrange(1, 30))
        price = source.randrange(0, 10 ** source.randrange(1, 19))
        # notional = (price + 1/2) x volume, in units of 1e-16
        notional = (2 * price + 1) * volume // 2 + source.choice((-2, -1, 0, 0, 1, 2))
        if 0 <= notional < 10**38 and volume:
            pairs.append((Decimal(notional).scaleb(-16), Decimal(volume).scaleb(-8)))
    return [(n, v) for n, v in pairs if ratio(n, v) < PRICE_LIMIT]


def test_a_ratio_is_rounded_once_and_half_up(spark: SparkSession) -> None:
    pairs = near_ties(20_000)
    assert max(v for _, v in pairs) > Decimal(10) ** 18
    data = spark.createDataFrame(
        [(n, *pair) for n, pair in enumerate(pairs)], "n bigint, a decimal(38,16), b decimal(29,8)"
    )
    rows = data.select("n", spark_decimals.ratio(F.col("a"), F.col("b")).alias("ratio")).orderBy("n").collect()
    expected = [ratio(notional, volume) for notional, volume in pairs]
    assert [row.ratio for row in rows] == expected


def test_notionals_are_added_exactly_or_not_at_all(spark: SparkSession) -> None:
    source = random.Random(16)
    edges = (0, 1, 10**16 - 1, 10**16, 10**38 - 1, 10**37)
    units = [(source.choice(edges), source.choice(edges)) for _ in range(300)]
    units += [(source.randrange(10 ** source.randrange(1, 39)), source.randrange(10**37)) for _ in range(3_000)]
    unit = Decimal(1).scaleb(-16)
    data = spark.createDataFrame(
        [(n, multiply(Decimal(a), unit), multiply(Decimal(b), unit)) for n, (a, b) in enumerate(units)],
        "n bigint, a decimal(38,16), b decimal(38,16)",
    )
    rows = data.select("n", spark_decimals.add_notionals(F.col("a"), F.col("b")).alias("total")).orderBy("n").collect()
    expected = [multiply(Decimal(a + b), unit) if a + b < 10**38 else None for a, b in units]
    assert [row.total for row in rows] == expected
    assert None in expected


def test_trades_are_aggregated_by_hash_and_not_sorted(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    columns = "symbol string, timestamp timestamp, trade_id string, price decimal(18,8), volume decimal(19,8)"
    candles(spark.createDataFrame([], f"{columns}, {ELIGIBILITY} tinyint"), 60_000).explain()
    plan = capsys.readouterr().out
    assert "ObjectHashAggregate" in plan
    assert "Sort" not in plan


def test_a_window_of_the_largest_trades_is_summed_exactly(spark: SparkSession) -> None:
    count = 1_000_000
    price, volume = Decimal("9999.99999999"), Decimal("99999999999.99999999")
    assert NOTIONAL_LIMIT - 2000 < multiply(price, volume) < NOTIONAL_LIMIT
    trades = spark.range(count, numPartitions=4).select(
        F.lit("A").alias("symbol"),
        F.timestamp_seconds(F.lit(0)).alias("timestamp"),
        F.lit("0000-00000000").alias("trade_id"),
        F.lit(price).alias("price"),
        F.lit(volume).alias("volume"),
        # One in two may not set a price: both views reach their limits.
        F.when(F.col("id") % 2 == 0, flags_of(FULLY_ELIGIBLE)).otherwise(COUNTS_IN_VOLUME).alias(ELIGIBILITY),
    )
    row = candles(trades, 60_000).first()
    assert row is not None
    assert row.eligible_volume == row.volume
    assert row.eligible_vwap_volume == multiply(volume, Decimal(count // 2))
    assert row.eligible_notional == multiply(multiply(price, volume), Decimal(count // 2))
    assert row.volume == multiply(volume, Decimal(count))
    assert row.notional == multiply(multiply(price, volume), Decimal(count))
    assert row.vwap == price


def test_a_sum_beyond_its_digits_fails_rather_than_store_a_null(spark: SparkSession) -> None:
    largest = Decimal("9999999999999999999999.9999999999999999")
    data = spark.createDataFrame([(largest,), (largest,)], "notional decimal(38,16)")
    assert data.select(F.sum("notional")).first() == (None,)
    from adapters.spark.candles import _never_null, _total  # noqa: PLC0415

    with pytest.raises(Exception, match="notional of a candle"):
        data.agg(_never_null(F.sum("notional"), "notional")).collect()
    summed = data.agg(F.sum("notional").alias("_notional"), F.collect_set(F.lit(1)).alias("_kinds"))
    with pytest.raises(Exception, match="notional of a candle"):
        summed.select(_total("_notional", lambda kind: kind == 1)).collect()
    assert summed.select(_total("_notional", lambda kind: kind == 2)).first() == (Decimal(0),)
