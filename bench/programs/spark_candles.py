"""A topic to candles by the aggregator's own query: `spark_candles SERVERS TOPIC TRADES CANDLES [MASTER [RECORDS_PER_MICRO_BATCH]]`.

State, checkpoint, rules and exact decimals are those of `tapeline aggregator`. Only the sink differs: each micro-batch writes its candles to a Parquet
folder. At the end the program reads them back and compares them with the file CANDLES. It folds the whole topic twice in the same JVM: the first pass
and the first third of the second pass are a warm-up and excluded.
"""

import sys
import tempfile
from pathlib import Path

import attrs
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.exchange_calendar.markets import NYSE
from adapters.spark.checkpoint import claim_checkpoint
from adapters.spark.layout import CANDLES, path_within
from adapters.spark.progress import BatchProgress, read_progress
from adapters.spark.queries import candle_stream
from adapters.spark.settings import AggregatorSettings
from adapters.spark.sources import topic_records
from apps.settings.spark_connections import spark_kafka_security
from bench.harness import candle_lines
from bench.harness.connections import connections
from bench.harness.spark_jvm import JvmWatch, Spark, spark


def main(servers: str, topic: str, trades: str, expected: str, master: str = "local[2]", batch_size: str = "") -> None:
    """Measure the query."""
    with tempfile.TemporaryDirectory() as name:
        settings = AggregatorSettings(
            bootstrap_servers=servers,
            topic=topic,
            kafka_security=spark_kafka_security(connections().kafka),
            trading_days=NYSE.trading_days(),
        )
        if batch_size:
            settings = attrs.evolve(settings, max_offsets_per_trigger=int(batch_size))
        with spark(settings, master) as running:
            _pass(running, settings, Path(name, "warm-up"))
            folder = Path(name, "measured")
            watch, batches = _pass(running, settings, folder)
            assert sum(batch.records for batch in batches) == int(trades)
            stored = _stored(running.session, folder)
            candle_lines.check(expected, stored)
            run = watch.run(
                [batch.records for batch in batches],
                state_bytes=float(max(batch.state_bytes or 0 for batch in batches)),
                windows=float(len(stored)),
                bytes_per_change=_delta_bytes(folder) / sum(batch.state_updated_rows or 0 for batch in batches),
            )
    run.report()


def _pass(running: Spark, settings: AggregatorSettings, folder: Path) -> tuple[JvmWatch, list[BatchProgress]]:
    """Fold the whole topic into candles in a folder, which also contains the checkpoint."""
    session, watch = running.session, JvmWatch(running)
    settings = attrs.evolve(settings, checkpoint=f"{folder}/checkpoint")
    claim_checkpoint(session, settings)

    def store(batch: DataFrame, batch_id: int) -> None:
        batch.write.parquet(f"{folder}/candles/batch={batch_id}")
        watch.mark()

    folded = candle_stream(topic_records(session, settings, topic=settings.topic, query=CANDLES), settings)
    query = (
        folded.writeStream.queryName(CANDLES)
        .option("checkpointLocation", path_within(settings.checkpoint, CANDLES))
        .outputMode("update")
        .foreachBatch(store)
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
    return watch, [read_progress(progress) for progress in query.recentProgress]


def _stored(session: SparkSession, folder: Path) -> list[str]:
    """Return the last version of each candle, as lines."""
    times = {"window_start_ms": "window_start", "open_ms": "open_timestamp", "close_ms": "close_timestamp"}
    read = session.read.parquet(f"{folder}/candles").withColumns(
        {name: F.unix_millis(column) for name, column in times.items()}
    )
    rows = read.select("batch", *candle_lines.COLUMNS).orderBy("batch")
    last = {(row.symbol, row.window_start_ms): row for row in rows.collect()}
    return [candle_lines.line(row[1:]) for row in last.values()]


def _delta_bytes(folder: Path) -> int:
    """Return the bytes of the state store's delta files in the checkpoint."""
    return sum(file.stat().st_size for file in folder.rglob("*.delta"))


if __name__ == "__main__":
    main(*sys.argv[1:])
