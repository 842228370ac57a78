"""A topic to candles by the aggregator's own query: `spark_candles SERVERS TOPIC TRADES CANDLES [MASTER [RECORDS A MICRO-BATCH]]`.

State, checkpoint, rules and exact decimals are those of `tapeline aggregator`; only what becomes of the candles differs: each micro-batch's go to a
Parquet folder, from which they are read back at the end and compared with CANDLES. All of the topic is folded twice in the same JVM: the first pass
is a warm-up and left out, and so is the first third of the second.
"""

import sys
import tempfile
from pathlib import Path

import attrs
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.spark.checkpoint import claim_checkpoint
from adapters.spark.layout import CANDLES, path_within
from adapters.spark.progress import BatchProgress, read_progress
from adapters.spark.queries import candle_stream
from adapters.spark.settings import AggregatorSettings
from adapters.spark.sources import topic_records
from bench.harness import candle_lines
from bench.harness.spark_jvm import JvmWatch, Spark, spark


def main(servers: str, topic: str, trades: str, expected: str, master: str = "local[2]", at_once: str = "") -> None:
    """Measure it."""
    with tempfile.TemporaryDirectory() as name:
        settings = AggregatorSettings(bootstrap_servers=servers, topic=topic)
        if at_once:
            settings = attrs.evolve(settings, max_offsets_per_trigger=int(at_once))
        with spark(settings, master) as running:
            _pass(running, settings, Path(name, "warm-up"))
            folder = Path(name, "measured")
            watch, batches = _pass(running, settings, folder)
            assert sum(batch.records for batch in batches) == int(trades)
            found = _stored(running.session, folder)
            candle_lines.check(expected, found)
            run = watch.run(
                [batch.records for batch in batches],
                state_bytes=float(max(batch.state_bytes or 0 for batch in batches)),
                windows=float(len(found)),
                bytes_a_change=_logged_bytes(folder) / sum(batch.state_updated_rows or 0 for batch in batches),
            )
    run.report()


def _pass(running: Spark, settings: AggregatorSettings, folder: Path) -> tuple[JvmWatch, list[BatchProgress]]:
    """Fold the whole topic into candles below the folder, with a checkpoint of its own there."""
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
    """Give the last version of each candle."""
    times = {"window_start_ms": "window_start", "open_ms": "open_timestamp", "close_ms": "close_timestamp"}
    read = session.read.parquet(f"{folder}/candles").withColumns(
        {name: F.unix_millis(column) for name, column in times.items()}
    )
    rows = read.select("batch", *candle_lines.COLUMNS).orderBy("batch")
    last = {(row.symbol, row.window_start_ms): row for row in rows.collect()}
    return [candle_lines.line(row[1:]) for row in last.values()]


def _logged_bytes(folder: Path) -> int:
    """Give the size of what the state store has written of its changes, in the checkpoint."""
    return sum(file.stat().st_size for file in folder.rglob("*.delta"))


if __name__ == "__main__":
    main(*sys.argv[1:])
