"""Part `sizes`: what a trade and a candle take on disk, in Kafka and in Cassandra."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from adapters.finnhub.protocol import parse_message
from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import Profile, ensure_topics
from bench.harness.visibility import now_ms
from bench.harness.workload import SYMBOLS, frames
from bench.report.page import Section
from bench.report.table import figure, table
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded
from domain.candle import Candle
from domain.feed import Frame
from domain.intake import Intake
from domain.record import encode
from domain.rules import DAY_MS
from domain.trade import Trade
from domain.window import MINUTE_MS

TRADES: Final = 300_000
DAY_WINDOWS: Final = DAY_MS // MINUTE_MS
PATIENCE_S: Final = 60.0


def run(_rounds: int, say: Callable[[str], None]) -> Section:
    """Measure. Sizes of seeded data do not vary, so once."""
    say(f"making {TRADES:,} trades")
    made = trades()
    candles = a_day_of_candles(made)
    with tempfile.TemporaryDirectory() as name:
        say("starting Kafka and Cassandra")
        with guarded(Stack(name="bench", home=Path(name))) as stack:
            kafka = kafka_bytes(stack, made)
            say("writing to Cassandra")
            trade_bytes, candle_bytes = cassandra_bytes(stack, made, candles)
    record = sum(len(encode(trade)) for trade in made) / len(made)
    rows = [
        ["a trade on the topic, as JSON", figure(record)],
        ["the same in Kafka's log, of full batches, snappy", figure(kafka)],
        ["a row of `trades_v2`, LZ4", figure(trade_bytes)],
        ["a row of `trade_aggregates`, LZ4", figure(candle_bytes)],
    ]
    body = f"""
{TRADES:,} seeded trades of {SYMBOLS} symbols, and {len(candles):,} candles: a day of one-minute windows for each symbol; one copy. Kafka's is the log of
the topic's partitions without its indexes, after a burst, which fills its batches; at a steady rate they are smaller and compress less, see the bytes a
trade at each rate in the section end to end. Cassandra's is all files of the table, after the node was stopped, which writes what is in memory to disk.
No row was written twice, so compaction would merge files and take no row away. The commit log is not counted.

{table(["what", "bytes"], rows)}
"""
    return Section(part="sizes", title="Bytes on disk", body=body)


def trades() -> list[Trade]:
    """Make them, received as they would be."""
    intake, at_ms = Intake(source="bench"), now_ms()
    messages = (parse_message(payload, at_ms) for payload in frames(TRADES, 10))
    return [trade for frame in messages if isinstance(frame, Frame) for trade in intake.accept(frame).trades]


def a_day_of_candles(made: list[Trade]) -> list[Candle]:
    """Fold some trades into each window of a day: as many digits as real ones, and no window empty."""
    by_symbol: dict[str, list[Trade]] = {}
    for trade in made:
        by_symbol.setdefault(trade.symbol, []).append(trade)
    first_ms = now_ms() // DAY_MS * DAY_MS - DAY_MS
    candles = []
    for own in by_symbol.values():
        per_window = len(own) // DAY_WINDOWS
        for number in range(DAY_WINDOWS):
            start_ms = first_ms + number * MINUTE_MS
            folded: Candle | None = None
            for place, trade in enumerate(own[number * per_window : (number + 1) * per_window]):
                moved = attrs.evolve(trade, timestamp_ms=start_ms + place * MINUTE_MS // per_window)
                one = Candle.of(moved, MINUTE_MS)
                folded = one if folded is None else folded.merge(one)
            if folded is not None:
                candles.append(folded)
    return candles


def kafka_bytes(stack: Stack, made: list[Trade]) -> float:
    """Publish them; gives the bytes of log a trade."""
    settings = KafkaSettings(bootstrap_servers=stack.bootstrap_servers)
    ensure_topics(settings, profile=Profile.DEV)
    with KafkaPublisher(settings) as publisher:
        for at in range(0, len(made), 10):
            publisher.publish(*made[at : at + 10])
        done = publisher.flush(PATIENCE_S)
    assert (done.acknowledged, done.pending, done.failed) == (len(made), 0, 0)
    return log_bytes(stack.folder) / len(made)


def log_bytes(folder: Path) -> int:
    """Give the bytes of the logs of the topic `trades`, without indexes, which are made longer than they need be."""
    return sum(file.stat().st_size for file in folder.glob("kafka-1/data/trades-*/*.log"))


def cassandra_bytes(stack: Stack, made: list[Trade], candles: list[Candle]) -> tuple[float, float]:
    """Write them; gives the bytes of a trade's row and of a candle's."""
    settings = CassandraSettings(port=stack.cassandra_port, local_dc=stack.cassandra_datacenter)
    apply_schema(settings, Replication.dev())
    session = CassandraSession(settings)
    with CassandraTradeStore(settings, session) as trade_store, CassandraCandleStore(settings, session) as candle_store:
        trade_store.write(made)
        candle_store.write(candles)
    # It writes what it has in memory to disk as it ends.
    stack.stop("cassandra-1")
    return table_bytes(stack.folder, "trades_v2") / len(made), table_bytes(stack.folder, "trade_aggregates") / len(
        candles
    )


def table_bytes(folder: Path, name: str) -> int:
    """Give the bytes of a table's files. Raises AssertionError where there are none."""
    files = [file for place in folder.glob(f"cassandra-1/**/{name}-*") for file in place.rglob("*") if file.is_file()]
    assert any(file.name.endswith("-Data.db") for file in files), f"no data of {name} below {folder}"
    return sum(file.stat().st_size for file in files)
