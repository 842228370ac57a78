"""Raw trades into one Cassandra node: `spark_rows query|connector|prepare SERVERS TOPIC TRADES FOLDER HOST PORT`.

- query: the aggregator's own query of trades: it decodes and validates the records from Kafka, computes its metrics, and writes through the connector;
- prepare: decode the topic once, into as many Parquet folders as that query has full micro-batches;
- connector: the Spark Cassandra connector only, with the same options; it writes the rows of these folders sequentially.

Each pass writes to a keyspace of its own, and its rows are counted at the end. The program writes the whole topic twice in the same JVM: the first pass
and the first third of the second pass are a warm-up and excluded.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import attrs
from pyspark.sql import functions as F  # noqa: N812

from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.spark.checkpoint import claim_checkpoint
from adapters.spark.progress import read_progress
from adapters.spark.queries import start_trades
from adapters.spark.record import decode, trades
from adapters.spark.settings import AggregatorSettings
from adapters.spark.sinks import write_rows
from adapters.spark.sources import kafka_clients
from adapters.spark.trades import TABLE, trade_rows
from apps.settings.spark_connections import spark_cassandra, spark_kafka_security
from bench.harness.connections import connections
from bench.harness.runs import Run, Stopwatch
from bench.harness.spark_jvm import JvmWatch, Spark, spark

ROWS_PER_BATCH: Final = 200_000
"""Less than the aggregator's default, so a short run has micro-batches after its warm-up."""


def query(spark: Spark, settings: AggregatorSettings, _folder: str) -> Run:
    """Run the query over the whole topic."""
    claim_checkpoint(spark.session, settings)
    watch = JvmWatch(spark)
    running = start_trades(spark.session, settings, once=True, on_stored=lambda _: watch.mark())
    running.awaitTermination()
    return watch.run([read_progress(progress).records for progress in running.recentProgress])


def connector(spark: Spark, settings: AggregatorSettings, folder: str) -> Run:
    """Write the rows of the Parquet folders."""
    watch, counts = JvmWatch(spark), []
    for part in sorted(Path(folder).glob("part=*")):
        rows = spark.session.read.parquet(str(part))
        counts.append(rows.count())
        write_rows(rows, settings, TABLE)
        watch.mark()
    return watch.run(counts)


def prepare(spark: Spark, settings: AggregatorSettings, folder: str) -> Run:
    """Decode the topic into rows in Parquet folders."""
    watch = Stopwatch()
    records = (
        spark.session.read.format("kafka")
        .options(**kafka_clients(settings))
        .option("subscribe", settings.topic)
        .load()
        .select("key", "value", "topic", "partition", "offset", "timestamp")
    )
    decoded = decode(records, settings.rules, metrics="decoded").withColumn(
        "part", F.expr(f"offset * 4 div {ROWS_PER_BATCH}")
    )
    rows = trade_rows(trades(decoded, beside=["part"]))
    rows.write.partitionBy("part").parquet(folder)
    return watch.stop(spark.session.read.parquet(folder).count())


def main(mode: str, servers: str, topic: str, count: str, folder: str, host: str, port: str) -> None:
    """Measure one variant."""
    cassandra = attrs.evolve(connections().cassandra, hosts=(host,), port=int(port))
    settings = AggregatorSettings(
        bootstrap_servers=servers,
        topic=topic,
        dead_letter_topic=f"{topic}.dlq",
        kafka_security=spark_kafka_security(connections().kafka),
        **spark_cassandra(cassandra),
        max_offsets_per_trigger=ROWS_PER_BATCH,
    )
    with spark(settings) as running:
        if mode == "prepare":
            run = prepare(running, settings, folder)
        else:
            run = _second_pass(query if mode == "query" else connector, running, settings, folder, int(count))
    run.report()


def _second_pass(
    write: Callable[[Spark, AggregatorSettings, str], Run],
    running: Spark,
    settings: AggregatorSettings,
    folder: str,
    count: int,
) -> Run:
    """Write all rows twice. Each pass has its own tables and its own checkpoint."""
    passes = [attrs.evolve(settings, keyspace=keyspace) for keyspace in ("bench_warm_up", "bench_rows")]
    with ExitStack() as stack:
        # Create all tables first, because the connector reads the schema only once.
        counts = [stack.enter_context(_tables(_cassandra(each))) for each in passes]
        for each, stored in zip(passes, counts, strict=True):
            checkpoint = stack.enter_context(tempfile.TemporaryDirectory())
            run = write(running, attrs.evolve(each, checkpoint=checkpoint), folder)
            assert stored() == count
    return run


def _cassandra(settings: AggregatorSettings) -> CassandraSettings:
    return attrs.evolve(
        connections().cassandra.adapter(),
        hosts=settings.cassandra_hosts,
        port=settings.cassandra_port,
        keyspace=settings.keyspace,
        request_timeout_s=60.0,
    )


@contextmanager
def _tables(settings: CassandraSettings) -> Iterator[Callable[[], int]]:
    """Create the tables, and drop them after the block. Yield a function that counts the stored trades."""
    apply_schema(settings, Replication.dev())
    with CassandraSession(settings) as cassandra:
        driver, table = cassandra.driver, f"{settings.keyspace}.{TABLE}"
        key = ("symbol", "trade_year", "trade_month", "trade_day")
        where = " AND ".join(f"{name} = %s" for name in key)

        def stored() -> int:
            partitions = driver.execute(f"SELECT DISTINCT {', '.join(key)} FROM {table}")  # noqa: S608 - fixed names
            return sum(
                driver.execute(f"SELECT COUNT(*) FROM {table} WHERE {where}", tuple(partition)).one()[0]  # noqa: S608
                for partition in partitions
            )

        yield stored
        driver.execute(f"DROP KEYSPACE {settings.keyspace}")


if __name__ == "__main__":
    main(*sys.argv[1:])
