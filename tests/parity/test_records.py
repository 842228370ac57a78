"""Ten thousand records have the same verdict in the domain and in Spark: the same trade, or the same reason."""

from __future__ import annotations

import itertools
from collections import Counter

import attrs
import pytest
from pyspark.sql import SparkSession

from domain.record import encode
from domain.rejection import Reason
from domain.rules import Rules
from domain.trade import Trade
from domain.window import EARLIEST_MS, LATEST_MS
from tests.support.records import T0_MS, Entry, Records, amounts_at_their_bounds, padded
from tests.support.twins import domain_verdicts, spark_verdicts

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

NEVER_OF_A_RECORD = {Reason.MISSING_OR_MISTYPED, Reason.NOT_FINITE}
"""The pattern admits no such record: these are reasons of a feed."""


def assert_equal_verdicts(spark: SparkSession, entries: list[Entry], rules: Rules) -> list[Trade | str]:
    expected = domain_verdicts(entries, rules)
    actual = spark_verdicts(spark, entries, rules)
    different = [(e, d, s) for e, d, s in zip(entries, expected, actual, strict=True) if d != s]
    assert different[:3] == []
    return expected


def test_ten_thousand_records_have_equal_verdicts(spark: SparkSession) -> None:
    entries = Records(seed=20191011).entries(10_000)
    expected = assert_equal_verdicts(spark, entries, Rules())
    seen = Counter(verdict if isinstance(verdict, str) else "valid" for verdict in expected)
    assert seen.keys() == {"valid", *(reason.value for reason in Reason if reason not in NEVER_OF_A_RECORD)}
    assert seen["valid"] > 5_000
    assert min(seen.values()) >= 20


def test_the_rules_are_arguments(spark: SparkSession) -> None:
    rules = Rules(max_age_ms=1_000, future_tolerance_ms=0)
    assert_equal_verdicts(spark, Records(seed=5, rules=rules).entries(2_000), rules)


def test_times_at_their_bounds_have_equal_verdicts(spark: SparkSession) -> None:
    moments = (-(10**15) + 1, EARLIEST_MS - 1, EARLIEST_MS, T0_MS, LATEST_MS, LATEST_MS + 1, 10**15 - 1)
    trade = Records(seed=3).trade()
    entries = [
        Entry(
            value=encode(attrs.evolve(trade, timestamp_ms=timestamp_ms, received_ms=received_ms)),
            appended_ms=appended_ms,
        )
        for timestamp_ms, received_ms, appended_ms in itertools.product(moments, repeat=3)
    ]
    expected = assert_equal_verdicts(spark, entries, Rules(max_age_ms=10**16, future_tolerance_ms=10**16))
    assert {*map(str, filter(lambda one: isinstance(one, str), expected))} == {"malformed", "too_old", "in_future"}
    # Both times of the trade are valid, whatever the broker's clock was.
    assert sum(isinstance(verdict, Trade) for verdict in expected) == 3 * 3 * len(moments)
    assert_equal_verdicts(spark, entries, Rules())


def test_amounts_at_their_bounds_have_equal_verdicts(spark: SparkSession) -> None:
    entries = [Entry(value=value, appended_ms=T0_MS) for value in amounts_at_their_bounds()]
    expected = assert_equal_verdicts(spark, entries, Rules())
    assert sum(isinstance(verdict, Trade) for verdict in expected) > 50


def test_long_and_hostile_records_have_equal_verdicts(spark: SparkSession) -> None:
    entries = [Entry(value=value, appended_ms=T0_MS) for value in padded()]
    expected = assert_equal_verdicts(spark, entries, Rules())
    assert any(isinstance(verdict, Trade) for verdict in expected)


def test_records_mutated_anywhere_have_equal_verdicts(spark: SparkSession) -> None:
    source = Records(seed=77)
    originals = [source.trade() for _ in range(6_000)]
    entries = [Entry(value=source.mutated(encode(t)), appended_ms=t.received_ms) for t in originals]
    expected = assert_equal_verdicts(spark, entries, Rules())
    assert sum(isinstance(verdict, Trade) for verdict in expected) > 100
