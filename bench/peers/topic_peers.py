"""Those that make 1-minute candles of the records of a topic, beside tapeline's Spark query: a hand-made loop, Bytewax, Quix Streams, Pathway, Flink SQL.

Each reads all partitions from their beginning, folds by symbol and minute of event time, and fails unless as many trades are in its candles as
it was to read. The clock begins after the first fifth of the records (`bench.harness.warmup`), and for Flink after a whole job; which numbers are exact, each
program says at its top.
"""

from collections.abc import Sequence
from typing import Final

from bench.harness.runs import Measured
from bench.peers.environments import peer
from devstack.jars import ensure
from devstack.jars.lockfile import Jar
from devstack.servers.java import java_home

HANDMADE: Final = "hand-made loop"
QUIX_RECORDS: Final = 120_000
"""It is slow: more would take minutes and say the same."""
WORDS: Final = f"""
Each folds records to 1-minute candles by symbol in event time, open and close by arrival (Pathway by time); none validates. The hand-made loop
keeps no state and runs on one core, as does Bytewax, whose recovery is off. Flink SQL has a parallelism of 2 and a checkpoint a second, with its
state in memory; a fifth of the records does not warm its JVM, so a job over all of them does, and a second one in the same JVM is measured, from its
submission to its last candle; its CPU time is that of its JVM and of what drives it. Pathway has two workers and commits four times a second,
without persistence; it may bring nearly all in its second commit, so its clock begins after the first. Quix Streams
keeps its state in RocksDB, without a copy on a topic, and takes the first {QUIX_RECORDS:,} records only. Numbers are exact decimals, but floats in
Pathway and Quix Streams.
"""
"""What a reader of their figures should know, in Markdown."""
_CONNECTOR: Final = Jar(
    coordinate="org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2",
    sha256="5605c691d11a501382c383fecba37a7a552467da5ab7ba904ef5d6f3d62c5616",
    size=10_666_527,
)


def paths(servers: str, topic: str, records: int) -> Sequence[Measured]:
    """Make the paths that read a topic which holds so many records; fetches what is missing of them."""
    given = (servers, topic, records)
    [connector] = ensure([_CONNECTOR], label="flink")
    return (
        Measured.loop(HANDMADE, "handmade_candles", *given),
        peer("Flink SQL", "flink", "flink_topic.py", java_home(), connector, *given),
        peer("Pathway", "pathway", "pathway_topic.py", *given),
        peer("Bytewax", "bytewax", "bytewax_topic.py", *given),
        peer(
            f"Quix Streams, {QUIX_RECORDS:,} records",
            "quix",
            "quix_topic.py",
            servers,
            topic,
            min(records, QUIX_RECORDS),
        ),
    )
