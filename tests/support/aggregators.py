"""The aggregator as a child process, with topics, tables and a checkpoint of its own, and readers of their contents."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import attrs
from confluent_kafka import Producer

from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.kafka.offsets import end_offsets
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.subscriber import KafkaSubscriber
from adapters.kafka.topics import Profile, ensure_candles, ensure_topics
from adapters.spark.committed_offsets import caught_up, parse_offsets
from adapters.spark.layout import QUERIES, trade_checkpoints
from adapters.spark.planned_batch import PlannedBatch
from apps.local_stack.parts import cassandra_of, kafka_of
from devstack.servers.secrets import ADMIN
from devstack.stack import Stack
from domain.record import TopicRecord
from domain.rejection import DeadLetter
from domain.trade import Trade

from .keyspaces import fresh_keyspace
from .records import Entry
from .releases import THIS, Release
from .timeouts import TIMEOUT_S, scaled, wait_until
from .twins import CandleRow

START_TIMEOUT_S = scaled(240.0)
"""For what includes the start of Spark."""

_CANDLE_COLUMNS = (
    "symbol, window_ms, toUnixTimestamp(window_start), open, high, low, close, volume, trade_count, update_count,"
    " notional, vwap, toUnixTimestamp(open_timestamp), open_trade_id, toUnixTimestamp(close_timestamp), close_trade_id,"
    " eligible_open, eligible_high, eligible_low, eligible_close, eligible_volume, eligible_count, eligible_vwap_volume,"
    " eligible_notional, eligible_vwap, toUnixTimestamp(eligible_open_timestamp), eligible_open_trade_id,"
    " toUnixTimestamp(eligible_close_timestamp), eligible_close_trade_id"
)
"""The columns of `CandleRow`."""

TradeKey = tuple[str, int, int, int, int, str]


def until(done: Callable[[], bool], what: str, timeout_s: float = START_TIMEOUT_S) -> None:
    """Wait until the condition holds, with few checks: each may read files or ask a server."""
    wait_until(done, what, timeout_s, poll_s=0.1)


@attrs.frozen(kw_only=True)
class Site:
    """Topics, tables and a checkpoint that no other test uses."""

    kafka: KafkaSettings
    cassandra: CassandraSettings
    folder: Path

    @classmethod
    def make(
        cls,
        name: str,
        folder: Path,
        kafka_stack: Stack,
        cassandra_stack: Stack,
        replication: Replication | None = None,
    ) -> Self:
        site = cls.empty(name, folder, kafka_stack, cassandra_stack)
        ensure_topics(site.kafka, profile=Profile.DEV)
        ensure_candles(site.kafka, profile=Profile.DEV)
        apply_schema(site.cassandra, replication or Replication.dev())
        return site

    @classmethod
    def empty(cls, name: str, folder: Path, kafka_stack: Stack, cassandra_stack: Stack) -> Self:
        """Return a site whose topics and tables do not exist yet."""
        cassandra = fresh_keyspace(cassandra_of(cassandra_stack, ADMIN))
        # No two sites share a topic, whatever their tests are called.
        topic = f"{name}-{cassandra.keyspace}"
        kafka = attrs.evolve(
            kafka_of(kafka_stack, ADMIN),
            trades_topic=topic,
            dead_letters_topic=f"{topic}.dlq",
            events_topic=f"{topic}.events",
            candles_topic=f"{topic}.candles",
            watchlist_topic=f"{topic}.watchlist",
        )
        return cls(kafka=kafka, cassandra=cassandra, folder=folder)

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint"

    @property
    def variables(self) -> dict[str, str]:
        """The settings of a program that uses the site."""
        return {
            "TAPELINE_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "TAPELINE_KAFKA_TRADES_TOPIC": self.kafka.trades_topic,
            "TAPELINE_KAFKA_DEAD_LETTERS_TOPIC": self.kafka.dead_letters_topic,
            "TAPELINE_KAFKA_EVENTS_TOPIC": self.kafka.events_topic,
            "TAPELINE_KAFKA_CANDLES_TOPIC": self.kafka.candles_topic,
            "TAPELINE_KAFKA_WATCHLIST_TOPIC": self.kafka.watchlist_topic,
            "TAPELINE_CASSANDRA_HOSTS": ",".join(self.cassandra.hosts),
            "TAPELINE_CASSANDRA_PORT": str(self.cassandra.port),
            "TAPELINE_CASSANDRA_KEYSPACE": self.cassandra.keyspace,
            "TAPELINE_CASSANDRA_LOCAL_DC": self.cassandra.local_dc,
        }

    @property
    def queries(self) -> list[Path]:
        return trade_checkpoints(self.checkpoint)

    def send(self, entries: Sequence[Entry]) -> None:
        producer = Producer(self.kafka.client())
        for place, entry in enumerate(entries):
            producer.produce(self.kafka.trades_topic, value=entry.value, key=str(place % 50).encode())
            producer.poll(0)
        assert producer.flush(TIMEOUT_S) == 0

    def records(self, topic: str) -> list[TopicRecord]:
        """Read a topic as it is now, from its start."""
        count = sum(end_offsets(self.kafka, topic).values())
        found: list[TopicRecord] = []
        with KafkaSubscriber(self.kafka, f"test-{time.monotonic_ns()}", [topic]) as subscriber:
            deadline = time.monotonic() + TIMEOUT_S
            while len(found) < count:
                assert time.monotonic() < deadline
                found += subscriber.read(1.0)
        return found

    def trades(self) -> list[TopicRecord]:
        return self.records(self.kafka.trades_topic)

    def send_events(self, entries: Sequence[Entry]) -> None:
        producer = Producer(self.kafka.client())
        for place, entry in enumerate(entries):
            producer.produce(self.kafka.events_topic, value=entry.value, key=f"producer-{place % 3}")
        assert producer.flush(TIMEOUT_S) == 0

    def events(self) -> list[TopicRecord]:
        return self.records(self.kafka.events_topic)

    def dead_letters(self) -> list[DeadLetter]:
        return [
            DeadLetter.from_headers(record.value, dict(record.headers))
            for record in self.records(self.kafka.dead_letters_topic)
        ]

    def all_is_stored(self) -> bool:
        return caught_up(self.checkpoint, self.kafka.trades_topic, end_offsets(self.kafka, self.kafka.trades_topic))

    def rows(self, columns: str, table: str) -> list[tuple[Any, ...]]:
        with CassandraSession(self.cassandra) as session:
            query = f"SELECT {columns} FROM {self.cassandra.keyspace}.{table}"  # noqa: S608
            return [tuple(row) for row in session.driver.execute(query)]

    def stored_trades(self) -> dict[TradeKey, Trade]:
        found = self.rows(
            "symbol, trade_year, trade_month, trade_day, toUnixTimestamp(timestamp), trade_id, price, volume,"
            " conditions, toUnixTimestamp(received_at), venue, asset_class",
            "trades_v2",
        )
        return {
            row[:6]: Trade(
                symbol=row[0],
                timestamp_ms=row[4],
                trade_id=row[5],
                price=row[6],
                volume=row[7],
                conditions=tuple(row[8]),
                received_ms=row[9],
                venue=row[10],
                asset_class=row[11],
            )
            for row in found
        }

    def stored_candles(self) -> list[CandleRow]:
        found = self.rows(_CANDLE_COLUMNS, "trade_aggregates")
        return sorted(CandleRow(*row) for row in found)

    def known_at(self) -> dict[tuple[str, int], int]:
        """Return the moment from which each stored candle is known, by symbol and window start."""
        found = self.rows("symbol, toUnixTimestamp(window_start), toUnixTimestamp(known_at)", "trade_aggregates")
        return {(symbol, start_ms): known_ms for symbol, start_ms, known_ms in found}

    def stored_revisions(self) -> list[RevisionRow]:
        found = self.rows(
            f"toUnixTimestamp(known_at), reason, {_CANDLE_COLUMNS}",
            "candle_revisions",
        )
        return sorted(RevisionRow(CandleRow(*values), known_ms, reason) for known_ms, reason, *values in found)

    def plans(self) -> list[Plan]:
        """Return what Spark planned for each batch of candles, oldest first. Spark keeps the last hundred."""
        files = sorted((self.queries[1] / "offsets").glob("[0-9]*"), key=lambda file: int(file.name))
        assert [int(file.name) for file in files] == list(range(len(files))), "Spark has deleted the first plans"
        return [Plan.parse(file.read_text("utf-8"), self.kafka.trades_topic) for file in files]


class RevisionRow(NamedTuple):
    """A row of `candle_revisions`, times in milliseconds."""

    candle: CandleRow
    known_at_ms: int
    reason: str | None


class Plan(NamedTuple):
    """A micro-batch of candles as the checkpoint has it: up to which offset of each partition it reads, and with which watermark."""

    ends: dict[int, int]
    watermark_ms: int

    @classmethod
    def parse(cls, text: str, topic: str) -> Plan:
        return cls(parse_offsets(text)[topic], PlannedBatch.parse(text).watermark_ms)


@attrs.define
class Program:
    """The aggregator as a child process."""

    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(
        cls,
        site: Site,
        *arguments: str,
        command: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        release: Release = THIS,
    ) -> Program:
        log = site.folder / f"aggregator-{time.monotonic_ns()}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*(command or release.command("apps.aggregator")), "--checkpoint", str(site.checkpoint), *arguments],
                cwd=release.code,
                env={**release.variables(), **site.variables, **(variables or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return cls(process, log)

    def text(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def says(self, event: str) -> int:
        return self.text().count(f'"event": "{event}"')

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        try:
            return self.process.wait(START_TIMEOUT_S)
        finally:
            self.kill()

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.text()[-3000:]
        return self.says("query_started") == len(QUERIES)

    def kill(self) -> None:
        """Kill it and its JVM, as a power cut would."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait()


def batch_ends(query: Path, topic: str) -> list[Mapping[str, int]]:
    """Return the end offsets of each micro-batch by partition, from the checkpoint."""
    files = sorted((query / "offsets").glob("[0-9]*"), key=lambda file: int(file.name))
    return [json.loads(file.read_text("utf-8").splitlines()[2])[topic] for file in files]
