"""Part `spark`: Kafka to candles, and Kafka to raw trades in Cassandra, by the aggregator's own queries, beside others that do the same."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bench.harness.runs import Measured, Run, in_turns
from bench.harness.workload import SYMBOLS
from bench.peers import topic_peers
from bench.report import plot
from bench.report.page import Section
from bench.report.table import comparison
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded

TRADES: Final = 2_000_000
ROWS: Final = 800_000
PARTITIONS: Final = 4
TAPELINE: Final = "tapeline"
CONNECTOR: Final = "the connector alone"
PATIENCE_S: Final = 600.0


def run(rounds: int, say: Callable[[str], None]) -> Section:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say("starting Kafka and Cassandra")
        with guarded(Stack(name="bench", home=folder)) as stack:
            candles = _candles(stack.bootstrap_servers, folder, rounds, say)
            rows = _rows(stack, folder, rounds, say)
    return Section(part="spark", title="Spark", body=_body(candles, rows, rounds))


def fill(
    servers: str, topic: str, trades: int, folder: Path, *, symbols: int = SYMBOLS, partitions: int = PARTITIONS
) -> Path:
    """Fill a topic; gives the file of its candles."""
    file = folder / f"{topic}.candles"
    Measured.loop(topic, "fill_topic", servers, topic, trades, symbols, partitions, file).run(PATIENCE_S)
    return file


def _candles(servers: str, folder: Path, rounds: int, say: Callable[[str], None]) -> dict[str, list[Run]]:
    say(f"candles: filling a topic with {TRADES:,} trades")
    expected = fill(servers, "trades", TRADES, folder)
    ours = Measured.loop(TAPELINE, "spark_candles", servers, "trades", TRADES, expected)
    return in_turns((ours, *topic_peers.paths(servers, "trades", TRADES)), rounds, say, timeout_s=PATIENCE_S)


def _rows(stack: Stack, folder: Path, rounds: int, say: Callable[[str], None]) -> dict[str, list[Run]]:
    say(f"raw trades: filling a topic with {ROWS:,} trades, and decoding them for the connector alone")
    fill(stack.bootstrap_servers, "rows", ROWS, folder)
    where = (stack.bootstrap_servers, "rows", ROWS, folder / "rows", stack.cassandra_hosts[0], stack.cassandra_port)
    Measured.loop("decoding", "spark_rows", "prepare", *where).run(PATIENCE_S)
    paths = (
        Measured.loop(TAPELINE, "spark_rows", "query", *where),
        Measured.loop(CONNECTOR, "spark_rows", "connector", *where),
    )
    return in_turns(paths, rounds, say, timeout_s=PATIENCE_S)


def _body(candles: Mapping[str, list[Run]], rows: Mapping[str, list[Run]], rounds: int) -> str:
    return f"""
Kafka and Cassandra of the dev stack, one each, on the same cores; {SYMBOLS} symbols, {PARTITIONS} partitions, about 200 bytes a record; {rounds} rounds.
tapeline is the aggregator's own query in Spark on two cores, with its defaults; CPU time is that of its JVM. A whole pass over the topic, and the first third
of the micro-batches of a second one, are left out as a warm-up, in which the JVM compiles what it runs often; Flink has such a pass as well.

### Kafka to candles

{TRADES:,} trades, as fast as they can be read. tapeline decodes, validates, folds exact decimals with a watermark, keeps its state and a checkpoint, and
writes the changed candles of each micro-batch as Parquet. Those that it has in the end equal the domain's, which are folded where the topic is filled.

{topic_peers.WORDS.strip()}

{comparison(candles, topic_peers.HANDMADE)}

{plot.bars("spark-candles", "Kafka to 1-minute candles", candles)}

### Kafka to raw trades in Cassandra

{ROWS:,} trades. tapeline decodes, validates, sums up for its metrics, and writes by the connector. `{CONNECTOR}` writes the same rows, decoded before, from Parquet.
All rows are counted at the end. CPU time is that of Spark's JVM; Cassandra's is not in it, and runs on the same cores.

{comparison(rows, CONNECTOR, "row")}

{plot.bars("spark-rows", "Raw trades into one Cassandra node", rows, unit="rows/s")}
"""
