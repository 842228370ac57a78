"""A topic to candles by the aggregator's own query: `spark_candles SERVERS TOPIC TRADES CANDLES [MASTER [RECORDS A MICRO-BATCH]]`.

State, checkpoint, rules and exact decimals are those of `tapeline aggregator`; only what becomes of the candles differs: each micro-batch's go to a
Parquet folder, from which they are read back at the end and compared with CANDLES. A third of the records is a warm-up and left out.
"""

import sys
import tempfile
from pathlib import Path

import attrs
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.spark.checkpoint import claim_checkpoint
from adapters.spark.progress import read_progress
from adapters.spark.queries import CANDLES, candle_stream, checkpoint_path
from adapters.spark.settings import AggregatorSettings
from adapters.spark.sources import topic_records
from bench import candles
from bench.loops.spark_jvm import JvmWatch, spark


def main(servers: str, topic: str, trades: str, expected: str, master: str = "local[2]", at_once: str = "") -> None:
    """Measure it."""
    with tempfile.TemporaryDirectory() as folder:
        settings = AggregatorSettings(bootstrap_servers=servers, topic=topic, checkpoint=f"{folder}/checkpoint")
        if at_once:
            settings = attrs.evolve(settings, max_offsets_per_trigger=int(at_once))
        with spark(settings, master) as running:
            session, watch = running.session, JvmWatch(running)
            claim_checkpoint(session, settings)

            def store(batch: DataFrame, batch_id: int) -> None:
                batch.write.parquet(f"{folder}/candles/batch={batch_id}")
                watch.mark()

            folded = candle_stream(topic_records(session, settings, topic=topic, query=CANDLES), settings)
            query = (
                folded.writeStream.queryName(CANDLES)
                .option("checkpointLocation", checkpoint_path(settings, CANDLES))
                .outputMode("update")
                .foreachBatch(store)
                .trigger(availableNow=True)
                .start()
            )
            query.awaitTermination()
            batches = [read_progress(progress) for progress in query.recentProgress]
            assert sum(batch.records for batch in batches) == int(trades)
            found = _stored(session, f"{folder}/candles")
            candles.check(expected, found)
            run = watch.run(
                [batch.records for batch in batches],
                state_bytes=float(max(batch.state_bytes or 0 for batch in batches)),
                windows=float(len(found)),
                bytes_a_change=_logged_bytes(Path(folder)) / sum(batch.state_updated_rows or 0 for batch in batches),
            )
    run.report()


def _stored(spark: SparkSession, folder: str) -> list[str]:
    """Give the last version of each candle."""
    times = {"window_start_ms": "window_start", "open_ms": "open_timestamp", "close_ms": "close_timestamp"}
    read = spark.read.parquet(folder).withColumns({name: F.unix_millis(column) for name, column in times.items()})
    rows = read.select("batch", *candles.COLUMNS).orderBy("batch")
    last = {(row.symbol, row.window_start_ms): row for row in rows.collect()}
    return [candles.line(row[1:]) for row in last.values()]


def _logged_bytes(folder: Path) -> int:
    """Give the size of what the state store has written of its changes, in the checkpoint."""
    return sum(file.stat().st_size for file in folder.rglob("*.delta"))


if __name__ == "__main__":
    main(*sys.argv[1:])
