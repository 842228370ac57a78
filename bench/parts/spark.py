"""Part `spark`: Kafka to candles, and Kafka to raw trades in Cassandra, by the aggregator's own queries, compared with other products."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bench.harness.runs import Run
from bench.harness.topics import PARTITIONS, fill
from bench.harness.variants import Variant, run_in_turns
from bench.harness.workload import SYMBOLS
from bench.peers import topic_peers
from bench.report import plot
from bench.report.page import Section
from bench.report.table import comparison
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded

TRADES: Final = 2_000_000
ROWS: Final = 800_000
TAPELINE: Final = "tapeline"
CONNECTOR: Final = "connector only"
TIMEOUT_S: Final = 600.0


def run(rounds: int, progress: Callable[[str], None]) -> Section:
    """Measure the part."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        progress("starting Kafka and Cassandra")
        with guarded(Stack(name="bench", home=folder)) as stack:
            candles = _candles(stack.bootstrap_servers, folder, rounds, progress)
            rows = _rows(stack, folder, rounds, progress)
    return Section(part="spark", title="Spark", body=_body(candles, rows, rounds))


def _candles(servers: str, folder: Path, rounds: int, progress: Callable[[str], None]) -> dict[str, list[Run]]:
    progress(f"candles: filling a topic with {TRADES:,} trades")
    expected = fill(servers, "trades", TRADES, folder)
    tapeline = Variant.of_program(TAPELINE, "spark_candles", servers, "trades", TRADES, expected)
    peers = topic_peers.variants(servers, "trades", TRADES)
    return run_in_turns((tapeline, *peers), rounds, progress, timeout_s=TIMEOUT_S)


def _rows(stack: Stack, folder: Path, rounds: int, progress: Callable[[str], None]) -> dict[str, list[Run]]:
    progress(f"raw trades: filling a topic with {ROWS:,} trades, and decoding them for the variant without decoding")
    fill(stack.bootstrap_servers, "rows", ROWS, folder)
    args = (stack.bootstrap_servers, "rows", ROWS, folder / "rows", stack.cassandra_hosts[0], stack.cassandra_port)
    Variant.of_program("decoding", "spark_rows", "prepare", *args).run(TIMEOUT_S)
    variants = (
        Variant.of_program(TAPELINE, "spark_rows", "query", *args),
        Variant.of_program(CONNECTOR, "spark_rows", "connector", *args),
    )
    return run_in_turns(variants, rounds, progress, timeout_s=TIMEOUT_S)


def _body(candles: Mapping[str, list[Run]], rows: Mapping[str, list[Run]], rounds: int) -> str:
    return f"""
One Kafka broker and one Cassandra node of the dev stack, on the same cores; {SYMBOLS} symbols, {PARTITIONS} partitions, about 200 bytes per record; {rounds} rounds.
tapeline is the aggregator's own query in Spark on two cores, with its defaults; CPU time is that of its JVM. A first pass over the whole topic and the first
third of the micro-batches of a second pass are excluded as a warm-up, in which the JVM compiles the code that runs often. Flink has such a first pass as well.

### Kafka to candles

{TRADES:,} trades, as fast as they can be read. tapeline decodes and validates, folds exact decimals with a watermark, keeps its state and a checkpoint, and
writes the changed candles of each micro-batch as Parquet. Its final candles equal those that the domain folds while the topic is filled.

{topic_peers.DESCRIPTION.strip()}

{comparison(candles, topic_peers.BARE_LOOP)}

{plot.bars("spark-candles", "Kafka to 1-minute candles", candles)}

### Kafka to raw trades in Cassandra

{ROWS:,} trades. tapeline decodes and validates, computes its metrics, and writes through the Spark Cassandra connector. `{CONNECTOR}` writes the same rows
from Parquet files, decoded beforehand. All rows are counted at the end. CPU time is that of Spark's JVM and excludes Cassandra, which runs on the same cores.

{comparison(rows, CONNECTOR, "row")}

{plot.bars("spark-rows", "Raw trades into one Cassandra node", rows, unit="rows/s")}
"""
