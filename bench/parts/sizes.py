"""Part `sizes`: the bytes of a trade and of a candle on disk, in Kafka and in Cassandra."""

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
from adapters.system_clock import system_clock
from bench.harness.disk import kafka_log_bytes
from bench.harness.workload import SYMBOLS, frames
from bench.report.figures import figure
from bench.report.page import Section
from bench.report.table import table
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
WINDOWS_PER_DAY: Final = DAY_MS // MINUTE_MS
TIMEOUT_S: Final = 60.0


def run(_rounds: int, progress: Callable[[str], None]) -> Section:
    """Measure the part once: the sizes of seeded data do not vary."""
    progress(f"making {TRADES:,} trades")
    trades = _trades()
    candles = _day_of_candles(trades)
    with tempfile.TemporaryDirectory() as name:
        progress("starting Kafka and Cassandra")
        with guarded(Stack(name="bench", home=Path(name))) as stack:
            kafka_bytes = _kafka_bytes(stack, trades)
            progress("writing to Cassandra")
            trade_bytes, candle_bytes = _cassandra_bytes(stack, trades, candles)
    record_bytes = sum(len(encode(trade)) for trade in trades) / len(trades)
    rows = [
        ["a trade on the topic, as JSON", figure(record_bytes)],
        ["the same in Kafka's log, in full batches, snappy", figure(kafka_bytes)],
        ["a row of `trades_v2`, LZ4", figure(trade_bytes)],
        ["a row of `trade_aggregates`, LZ4", figure(candle_bytes)],
    ]
    return Section(part="sizes", title="Bytes on disk", body=_body(rows, len(candles)))


def _body(rows: list[list[str]], candles: int) -> str:
    return f"""
{TRADES:,} seeded trades of {SYMBOLS} symbols, and {candles:,} candles: a day of one-minute windows for each symbol; one replica. The figure for Kafka is
the log of the topic's partitions without its indexes, after a burst, which fills the batches. At a steady rate the batches are smaller and compress less:
the section end to end has the bytes per trade at each rate. The figures for Cassandra are all files of the table after a stop of the node, which flushes its
memory to disk. No row was written twice, so a compaction would merge files but remove no rows. The commit log is not counted.

{table(["what", "bytes"], rows)}
"""


def _trades() -> list[Trade]:
    """Return trades as the producer's intake accepts them."""
    intake, at_ms = Intake(source="bench"), system_clock()
    messages = (parse_message(payload, at_ms) for payload in frames(TRADES, 10))
    return [trade for frame in messages if isinstance(frame, Frame) for trade in intake.accept(frame).trades]


def _day_of_candles(trades: list[Trade]) -> list[Candle]:
    """Return a candle for each window of yesterday and each symbol, with as many digits as real candles."""
    by_symbol: dict[str, list[Trade]] = {}
    for trade in trades:
        by_symbol.setdefault(trade.symbol, []).append(trade)
    first_ms = system_clock() // DAY_MS * DAY_MS - DAY_MS
    candles = []
    for own in by_symbol.values():
        per_window = len(own) // WINDOWS_PER_DAY
        for number in range(WINDOWS_PER_DAY):
            start_ms = first_ms + number * MINUTE_MS
            folded: Candle | None = None
            for index, trade in enumerate(own[number * per_window : (number + 1) * per_window]):
                moved = attrs.evolve(trade, timestamp_ms=start_ms + index * MINUTE_MS // per_window)
                one = Candle.of(moved, MINUTE_MS)
                folded = one if folded is None else folded.merge(one)
            if folded is not None:
                candles.append(folded)
    return candles


def _kafka_bytes(stack: Stack, trades: list[Trade]) -> float:
    """Publish the trades. Return the bytes per trade in Kafka's log."""
    settings = KafkaSettings(bootstrap_servers=stack.bootstrap_servers)
    ensure_topics(settings, profile=Profile.DEV)
    with KafkaPublisher(settings) as publisher:
        for start in range(0, len(trades), 10):
            publisher.publish(*trades[start : start + 10])
        deliveries = publisher.flush(TIMEOUT_S)
    assert (deliveries.acknowledged, deliveries.pending, deliveries.failed) == (len(trades), 0, 0)
    return kafka_log_bytes(stack.folder) / len(trades)


def _cassandra_bytes(stack: Stack, trades: list[Trade], candles: list[Candle]) -> tuple[float, float]:
    """Write the trades and candles. Return the bytes per row of each table."""
    settings = CassandraSettings(port=stack.cassandra_port, local_dc=stack.cassandra_datacenter)
    apply_schema(settings, Replication.dev())
    session = CassandraSession(settings)
    with CassandraTradeStore(settings, session) as trade_store, CassandraCandleStore(settings, session) as candle_store:
        trade_store.write(trades)
        candle_store.write(candles)
    # The node flushes its memory to disk when it stops.
    stack.stop("cassandra-1")
    trade_bytes, candle_bytes = (_table_bytes(stack.folder, name) for name in ("trades_v2", "trade_aggregates"))
    return trade_bytes / len(trades), candle_bytes / len(candles)


def _table_bytes(folder: Path, table_name: str) -> int:
    """Return the bytes of a table's files. Raise AssertionError if there is no data file."""
    folders = folder.glob(f"cassandra-1/**/{table_name}-*")
    files = [file for each in folders for file in each.rglob("*") if file.is_file()]
    assert any(file.name.endswith("-Data.db") for file in files), f"no data of {table_name} below {folder}"
    return sum(file.stat().st_size for file in files)
