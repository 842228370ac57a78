"""Two producers of the same symbols: with deduplication on, a stream's candles are those of the distinct trades, late ones left out as ever."""

from __future__ import annotations

import base64
import json
import os
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.spark.queries import candle_stream
from adapters.spark.settings import AggregatorSettings
from domain.record import encode
from domain.trade import Trade
from domain.window import MINUTE_MS
from domain.windower import Windower
from tests.support.records import Entry, Records
from tests.support.twins import CandleRow, candle_rows

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

# From on time to too late; a trade of 90 seconds ago is older than the watermark, and its window is mostly still open.
BEHIND_MS = (0, 5, 1_000, 62_000, 80_000, 90_000, 100_000, 115_000, 130_000, 200_000)


def two_feeds(trades: Sequence[Trade], source: random.Random) -> list[Trade]:
    """Mix the trades as two feeds gave them: in one, each trade comes so many places later."""
    places = [(float(place), trade) for place, trade in enumerate(trades)]
    places += [(place + source.choice((0.5, 1.5, 40.5, 300.5)), trade) for place, trade in enumerate(trades)]
    return [trade for _, trade in sorted(places, key=lambda pair: pair[0])]


@pytest.fixture(scope="module")
def batches() -> list[list[Trade]]:
    """Micro-batches of the trades of two feeds."""
    source = random.Random(3)
    records = Records(seed=5)
    trades = [records.trade() for _ in range(600)]
    behind = [attrs.evolve(one, timestamp_ms=one.received_ms - source.choice(BEHIND_MS)) for one in trades]
    mixed = two_feeds(behind, source)
    return [mixed[first : first + 300] for first in range(0, len(mixed), 300)]


def streamed(
    spark: SparkSession, folder: Path, batches: Iterable[Sequence[Trade]], *, deduplicate: bool
) -> set[CandleRow]:
    """Fold the micro-batches by the streaming query's own frame; give what the store would hold at the end."""
    records = folder / "records"
    records.mkdir()
    for number, batch in enumerate(batches):
        entries = [Entry(value=encode(trade), appended_ms=trade.received_ms) for trade in batch]
        lines = [
            json.dumps({"value": base64.b64encode(entry.value or b"").decode(), "appended_ms": entry.appended_ms})
            for entry in entries
        ]
        file = records / f"{number:03}.json"
        file.write_text("\n".join(lines))
        os.utime(file, (1_000_000_000 + number,) * 2)
    session = spark.newSession()
    # As adapters/spark/session.py has it.
    session.conf.set("spark.sql.streaming.statefulOperator.allowMultiple", "false")
    session.conf.set("spark.sql.shuffle.partitions", "1")
    source = (
        session.readStream.schema("value binary, appended_ms bigint").option("maxFilesPerTrigger", 1).json(str(records))
    )
    stored: dict[tuple[str, int], CandleRow] = {}

    def store(changed: DataFrame, _batch_id: int) -> None:
        stored.update({(row.symbol, row.window_start_ms): row for row in candle_rows(changed)})

    folded = candle_stream(
        source.select("value", F.timestamp_millis("appended_ms").alias("timestamp")),
        AggregatorSettings(deduplicate=deduplicate),
    )
    query = (
        folded.writeStream.outputMode("update")
        .option("checkpointLocation", str(folder / "checkpoint"))
        .trigger(availableNow=True)
        .foreachBatch(store)
        .start()
    )
    query.awaitTermination()
    return set(stored.values())


def windowed(batches: Iterable[Sequence[Trade]], *, distinct: bool) -> set[CandleRow]:
    """Do the same by the domain, each trade once if so asked."""
    windower = Windower(window_ms=MINUTE_MS, allowed_lateness_ms=MINUTE_MS)
    stored: dict[tuple[str, int], CandleRow] = {}
    seen: set[tuple[str, int, str]] = set()
    for batch in batches:
        for trade in batch:
            identity = (trade.symbol, trade.timestamp_ms, trade.trade_id)
            if not (distinct and identity in seen) and windower.add(trade):
                seen.add(identity)
        stored.update({(one.symbol, one.window_start_ms): CandleRow.of(one) for one in windower.take_changed()})
        windower.advance()
    assert windower.late_trades > 50
    return set(stored.values())


def test_each_trade_counts_once_when_told_so(spark: SparkSession, batches: list[list[Trade]], tmp_path: Path) -> None:
    expected = windowed(batches, distinct=True)
    assert len(expected) > 30
    assert streamed(spark, tmp_path, batches, deduplicate=True) == expected


def test_each_record_counts_otherwise(spark: SparkSession, batches: list[list[Trade]], tmp_path: Path) -> None:
    expected = windowed(batches, distinct=False)
    assert expected != windowed(batches, distinct=True)
    assert streamed(spark, tmp_path, batches, deduplicate=False) == expected
