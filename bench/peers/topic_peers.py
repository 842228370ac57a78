"""The peers that fold the records of a topic into 1-minute candles, like tapeline's Spark query: a bare loop, Flink SQL, Pathway, Bytewax and Quix Streams.

Each reads all partitions from their beginning, folds by symbol and minute of event time, and fails unless its candles contain all trades that it
was to read. The clock starts after the first fifth of the records (`bench.harness.warmup`), for Flink after a whole job. Each program documents whether
its numbers are exact.
"""

from collections.abc import Sequence
from typing import Final

from bench.harness.variants import Variant
from bench.peers.environments import peer
from devstack.jars import ensure
from devstack.jars.lockfile import Jar
from devstack.servers.java import java_home

BARE_LOOP: Final = "bare loop"
QUIX_RECORDS: Final = 120_000
"""Quix Streams is slow: more records would take minutes and lead to the same rate."""
DESCRIPTION: Final = f"""
Each peer folds records into 1-minute candles by symbol in event time, with open and close in order of arrival (Pathway: of event time); none validates.
The bare loop keeps no state and runs on one core. Bytewax also runs on one core, with its recovery disabled. Flink SQL has a parallelism of 2
and a checkpoint per second, with its state in memory. A fifth of the records does not warm up its JVM, so one job over all records is the warm-up and a
second job in the same JVM is measured, from its submission to its last candle; its CPU time is that of its JVM and of the process that controls it.
Pathway has two workers and commits four times per second, without persistence; its second commit may contain nearly all records, so its clock starts
after the first. Quix Streams keeps its state in RocksDB, without a changelog topic, and reads only the first {QUIX_RECORDS:,} records. Numbers are exact
decimals, except for floats in Pathway and Quix Streams.
"""
"""What the figures of the peers mean, in Markdown."""
_CONNECTOR: Final = Jar(
    coordinate="org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2",
    sha256="5605c691d11a501382c383fecba37a7a552467da5ab7ba904ef5d6f3d62c5616",
    size=10_666_527,
)


def variants(servers: str, topic: str, records: int) -> Sequence[Variant]:
    """Return the variants that read a topic with this number of records. Download what they need and is missing."""
    args = (servers, topic, records)
    [connector] = ensure([_CONNECTOR], label="flink")
    return (
        Variant.of_program(BARE_LOOP, "bare_candles", *args),
        peer("Flink SQL", "flink", "flink_topic.py", java_home(), connector, *args),
        peer("Pathway", "pathway", "pathway_topic.py", *args),
        peer("Bytewax", "bytewax", "bytewax_topic.py", *args),
        peer(
            f"Quix Streams, {QUIX_RECORDS:,} records",
            "quix",
            "quix_topic.py",
            servers,
            topic,
            min(records, QUIX_RECORDS),
        ),
    )
