"""Which stored candles differ from those of the trades, asked of Spark and of plain Python: the same windows, kinds and values."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.spark.candles import KNOWN_AT
from adapters.spark.differences import CHANGED, EXTRA, KINDS, MISSING, corrections, differences
from adapters.spark.partitions import WRITTEN_US
from domain.candle import Candle, fold
from domain.window import MINUTE_MS
from tests.support.records import Records
from tests.support.twins import CandleRow, candle_rows

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Decimals as the connector gives them, whatever they were.
COLUMNS = (
    "symbol string, window_ms bigint, window_start timestamp, open decimal(38,18), high decimal(38,18), low decimal(38,18),"
    " close decimal(38,18), volume decimal(38,18), trade_count bigint, update_count bigint, notional decimal(38,18),"
    " vwap decimal(38,18), open_timestamp timestamp, open_trade_id string, close_timestamp timestamp, close_trade_id string,"
    " eligible_open decimal(38,18), eligible_high decimal(38,18), eligible_low decimal(38,18), eligible_close decimal(38,18),"
    " eligible_volume decimal(38,18), eligible_count bigint, eligible_vwap_volume decimal(38,18), eligible_notional decimal(38,18),"
    " eligible_vwap decimal(38,18), eligible_open_timestamp timestamp, eligible_open_trade_id string,"
    " eligible_close_timestamp timestamp, eligible_close_trade_id string"
)


def frame(spark: SparkSession, rows: list[CandleRow]) -> DataFrame:
    def moment(ms: int | None) -> datetime | None:
        return None if ms is None else EPOCH + timedelta(milliseconds=ms)

    times = {place for place, name in enumerate(CandleRow._fields) if name.endswith("_ms") and name != "window_ms"}
    values = [tuple(moment(v) if place in times else v for place, v in enumerate(row)) for row in rows]  # type: ignore[arg-type]
    return spark.createDataFrame(values, COLUMNS)


def damaged(candle: Candle, source: random.Random) -> Candle:
    key = attrs.evolve
    change = source.randrange(8)
    if change == 0:
        return key(candle, high=candle.high + Decimal("0.00000001"))
    if change == 1:
        return key(candle, close_key=candle.close_key._replace(timestamp_ms=candle.close_key.timestamp_ms - 1))
    if change == 2:
        return key(candle, open_key=candle.open_key._replace(trade_id="zzzz-00000000"))
    if change == 3:
        return key(candle, trade_count=candle.trade_count + 1)
    if change == 4:
        return key(candle, update_count=candle.update_count - 1)
    if change == 5:
        return key(candle, eligible=key(candle.eligible, high=Decimal("0.00000001")))
    if change == 6:
        return key(candle, eligible=key(candle.eligible, trade_count=candle.eligible.trade_count + 1))
    return key(candle, volume=Decimal(0))


def test_spark_and_python_find_the_same_differences(spark: SparkSession) -> None:
    source, records = random.Random(11), Records(seed=12)
    trades = [trade for trade in (records.trade() for _ in range(3_000)) if trade.price * trade.volume < 10**12]
    computed = fold(trades, MINUTE_MS)
    stored = {slot: candle for slot, candle in computed.items() if source.random() < 0.9}
    stored = {s: damaged(c, source) if source.random() < 0.5 else c for s, c in stored.items()}
    gone = source.sample(sorted(computed), len(computed) // 10)
    for slot in gone:
        del computed[slot]
    starts = sorted({slot[1] for slot in stored})
    closed_ms, passed_ms = starts[-3], starts[len(starts) // 2]

    expected = {}
    for slot in computed.keys() | stored.keys():
        was, ought = stored.get(slot), computed.get(slot)
        counts = [0 if one is None else one.trade_count + one.update_count for one in (was, ought)]
        end_ms = slot[1] + MINUTE_MS
        if was == ought or end_ms > closed_ms or (counts[0] > counts[1] and end_ms > passed_ms):
            continue
        expected[slot[:2]] = MISSING if was is None else EXTRA if ought is None else CHANGED
    assert {*expected.values()} == {*KINDS}

    found = differences(
        frame(spark, [CandleRow.of(one) for one in stored.values()]).withColumns(
            {WRITTEN_US: F.unix_micros("window_start"), KNOWN_AT: F.col("window_start")}
        ),
        frame(spark, [CandleRow.of(one) for one in computed.values()]),
        window_ms=MINUTE_MS,
        closed_ms=closed_ms,
        passed_ms=passed_ms,
    ).cache()
    rows = found.select("symbol", F.unix_millis("window_start").alias("start"), "kind").collect()
    assert {(row.symbol, row.start): row.kind for row in rows} == expected
    assert len(rows) == len(expected)
    times = corrections(found, CHANGED, MINUTE_MS).select(WRITTEN_US, F.unix_micros("window_start")).collect()
    assert all(written == start for written, start in times)
    for kind in (MISSING, CHANGED):
        ought_rows = [CandleRow.of(one) for slot, one in computed.items() if expected.get(slot[:2]) == kind]
        assert candle_rows(corrections(found, kind, MINUTE_MS)) == sorted(ought_rows)
    found.unpersist()
