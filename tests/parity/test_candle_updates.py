"""The records of the topic of candles, written by the domain and by Spark: the same bytes."""

from __future__ import annotations

import attrs
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.spark.candle_updates import closed_reason, update_records
from adapters.spark.candles import KNOWN_AT
from domain.candle import fold
from domain.candle_revision import CandleVersion, RevisionReason
from domain.candle_update import CandleUpdate
from domain.eligible_view import EligibleView
from domain.window import MINUTE_MS
from tests.contract.stores import LEAST
from tests.support.records import Records
from tests.support.twins import CandleRow

from .test_differences import frame

pytestmark = pytest.mark.servers

KNOWN_AT_MS = 1_700_000_000_123


def test_spark_and_the_domain_write_the_same_records(spark: SparkSession) -> None:
    records = Records(seed=21)
    trades = [trade for trade in (records.trade() for _ in range(2_000)) if trade.price * trade.volume < 10**12]
    candles = list(fold(trades, MINUTE_MS).values())
    # Without an eligible price, and with the least price.
    candles[0] = attrs.evolve(candles[0], eligible=EligibleView(trade_count=1))
    candles[1] = attrs.evolve(candles[1], low=LEAST)
    rows = frame(spark, [CandleRow.of(candle) for candle in candles]).withColumn(
        KNOWN_AT, F.timestamp_millis(F.lit(KNOWN_AT_MS))
    )
    ends = sorted(candle.window_end_ms for candle in candles)
    closed_ms = ends[len(ends) // 2]
    for is_final in (False, True):
        reason = F.lit(None) if is_final else closed_reason(closed_ms)
        found = {row.key: row.value for row in update_records(rows, reason=reason, is_final=is_final).collect()}
        expected = {}
        for candle in candles:
            is_restated = not is_final and candle.window_end_ms <= closed_ms
            version = CandleVersion(
                candle=candle,
                known_at_ms=KNOWN_AT_MS,
                reason=RevisionReason.LATE_TRADES if is_restated else None,
            )
            update = CandleUpdate(version=version, is_final=is_final)
            expected[update.key] = update.encode().decode()
        assert found == expected
