"""The aggregator as a program, on a real Kafka and Cassandra: what it leaves there is what the domain says, also after a crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from confluent_kafka import Producer

from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.kafka.offsets import end_offsets
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.subscriber import KafkaSubscriber
from adapters.kafka.topics import Profile, ensure_topics
from apps.caught_up import caught_up
from devstack.java import java_home
from devstack.stack import Stack
from domain.candle import Candle
from domain.record import TopicRecord, decode
from domain.rejection import DeadLetter, Rejection
from domain.rules import Rules
from domain.trade import Trade
from domain.window import MINUTE_MS, partition_day
from domain.windower import Windower
from tests.keyspaces import fresh_settings
from tests.parity.records import Entry, Records
from tests.parity.twins import CandleRow

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
PATIENCE_S = 240.0
"""A cold Spark on a machine that does other things as well."""

TradeKey = tuple[str, int, int, int, int, str]


def until(done: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not done():
        assert time.monotonic() < deadline, f"waited {patience_s} s for: {what}"
        time.sleep(0.1)


@attrs.frozen(kw_only=True)
class Site:
    """Topics, tables and a checkpoint of one's own."""

    kafka: KafkaSettings
    cassandra: CassandraSettings
    folder: Path

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint"

    @property
    def queries(self) -> list[Path]:
        return [self.checkpoint / "v1" / name for name in ("trades", "candles")]

    def send(self, entries: Sequence[Entry]) -> None:
        producer = Producer({"bootstrap.servers": self.kafka.bootstrap_servers})
        for place, entry in enumerate(entries):
            producer.produce(self.kafka.trades_topic, value=entry.value, key=str(place % 50).encode())
            producer.poll(0)
        assert producer.flush(60) == 0

    def records(self, topic: str) -> list[TopicRecord]:
        """Read a topic as it is now, from its start."""
        count = sum(end_offsets(self.kafka, topic).values())
        found: list[TopicRecord] = []
        with KafkaSubscriber(self.kafka, f"test-{time.monotonic_ns()}", [topic]) as subscriber:
            deadline = time.monotonic() + 60
            while len(found) < count:
                assert time.monotonic() < deadline
                found += subscriber.read(1.0)
        return found

    def trades(self) -> list[TopicRecord]:
        return self.records(self.kafka.trades_topic)

    def dead_letters(self) -> list[DeadLetter]:
        return [
            DeadLetter.from_headers(record.value, dict(record.headers))
            for record in self.records(self.kafka.dead_letters_topic)
        ]

    def all_is_stored(self) -> bool:
        return caught_up(self.queries, self.kafka.trades_topic, end_offsets(self.kafka, self.kafka.trades_topic))

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
        found = self.rows(
            "symbol, window_ms, toUnixTimestamp(window_start), open, high, low, close, volume, trade_count, update_count,"
            " notional, vwap, toUnixTimestamp(open_timestamp), open_trade_id, toUnixTimestamp(close_timestamp), close_trade_id",
            "trade_aggregates",
        )
        return sorted(CandleRow(*row) for row in found)


@attrs.define
class Program:
    """The aggregator as a child process."""

    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(
        cls, site: Site, *arguments: str, command: Sequence[str] = (sys.executable, "-m", "apps.aggregator")
    ) -> Program:
        log = site.folder / f"aggregator-{time.monotonic_ns()}.log"
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "JAVA_HOME": str(java_home()),
            "TAPELINE_KAFKA_BOOTSTRAP_SERVERS": site.kafka.bootstrap_servers,
            "TAPELINE_KAFKA_TRADES_TOPIC": site.kafka.trades_topic,
            "TAPELINE_KAFKA_DEAD_LETTERS_TOPIC": site.kafka.dead_letters_topic,
            "TAPELINE_CASSANDRA_HOSTS": ",".join(site.cassandra.hosts),
            "TAPELINE_CASSANDRA_PORT": str(site.cassandra.port),
            "TAPELINE_CASSANDRA_KEYSPACE": site.cassandra.keyspace,
            "TAPELINE_CASSANDRA_LOCAL_DC": site.cassandra.local_dc,
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, "--checkpoint", str(site.checkpoint), *arguments],
                cwd=ROOT,
                env=environment,
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

    def ended(self) -> int:
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.kill()

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.text()[-3000:]
        return self.says("query_started") == 2

    def kill(self) -> None:
        """Kill it and its JVM, as a power cut would."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait()


@pytest.fixture(scope="module")
def new_site(
    kafka_stack: Stack, cassandra_stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Site]:
    def make(name: str) -> Site:
        kafka = KafkaSettings(
            bootstrap_servers=kafka_stack.bootstrap_servers,
            trades_topic=f"{name}-{os.getpid()}",
            dead_letters_topic=f"{name}-{os.getpid()}.dlq",
        )
        ensure_topics(kafka, profile=Profile.DEV)
        cassandra = fresh_settings((cassandra_stack.cassandra_hosts, cassandra_stack.cassandra_port))
        apply_schema(cassandra, Replication.dev())
        return Site(kafka=kafka, cassandra=cassandra, folder=tmp_path_factory.mktemp(name))

    return make


@pytest.fixture(scope="module")
def carried(new_site: Callable[[str], Site]) -> Site:
    """Ten thousand records, carried in several micro-batches."""
    site = new_site("carried")
    site.send([*Records(seed=42).entries(9_999), Entry(value=os.urandom(900_000), appended_ms=0)])
    program = Program.start(site, "--once", "--max-offsets-per-trigger", "3000")
    assert program.ended() == 0, program.text()[-3000:]
    return site


def verdict(record: TopicRecord) -> Trade | Rejection:
    return decode(record.value, appended_ms=record.appended_ms, rules=Rules())


def assert_trades_are_the_domains(site: Site) -> None:
    candidates: dict[TradeKey, list[Trade]] = defaultdict(list)
    for trade in map(verdict, site.trades()):
        if isinstance(trade, Trade):
            day = partition_day(trade.timestamp_ms)
            key = (trade.symbol, day.year, day.month, day.day, trade.timestamp_ms, trade.trade_id)
            candidates[key].append(trade)
    stored = site.stored_trades()
    assert stored.keys() == candidates.keys()
    # Where two records break the rule of unique ids, one of them stays.
    assert [trade for key, trade in stored.items() if trade not in candidates[key]] == []


def assert_dead_letters_are_the_domains(site: Site, *, repeated: bool = False) -> None:
    expected = {
        record.source: (record.value, judged.reason)
        for record in site.trades()
        if isinstance(judged := verdict(record), Rejection)
    }
    letters = site.dead_letters()
    assert {letter.source: (letter.payload, letter.rejection.reason) for letter in letters} == expected
    assert repeated or len(letters) == len(expected)


def batch_ends(query: Path, topic: str) -> list[Mapping[str, int]]:
    """Give the offsets up to which each micro-batch went, by partition, as the checkpoint has them."""
    files = sorted((query / "offsets").glob("[0-9]*"), key=lambda file: int(file.name))
    return [json.loads(file.read_text("utf-8").splitlines()[2])[topic] for file in files]


def expected_candles(site: Site) -> tuple[list[CandleRow], int]:
    """Fold by the domain's windower, micro-batch by micro-batch; give the candles and the count of late trades."""
    records = site.trades()
    windower = Windower(window_ms=MINUTE_MS, allowed_lateness_ms=MINUTE_MS)
    latest: dict[tuple[str, int, int], Candle] = {}
    starts: Mapping[str, int] = {}
    for ends in batch_ends(site.queries[1], site.kafka.trades_topic):
        for record in records:
            partition = str(record.partition)
            if starts.get(partition, 0) <= record.offset < ends.get(partition, 0):
                trade = verdict(record)
                if isinstance(trade, Trade):
                    windower.add(trade)
        latest |= {candle.slot: candle for candle in windower.take_changed()}
        windower.advance()
        starts = ends
    return sorted(map(CandleRow.of, latest.values())), windower.late_trades


def test_raw_trades_are_the_domains_however_late(carried: Site) -> None:
    assert_trades_are_the_domains(carried)


def test_rejects_are_dead_letters_with_their_bytes_reason_and_place(carried: Site) -> None:
    assert_dead_letters_are_the_domains(carried)
    assert len({letter.rejection.reason for letter in carried.dead_letters()}) == 9


def test_candles_are_those_of_the_domains_windower_late_trades_left_out(carried: Site) -> None:
    expected, late = expected_candles(carried)
    assert len(batch_ends(carried.queries[1], carried.kafka.trades_topic)) > 3
    assert late > 100
    assert carried.stored_candles() == expected


def test_a_start_from_the_checkpoint_adds_nothing_and_sigterm_ends_it_in_order(carried: Site) -> None:
    before = carried.stored_trades(), carried.stored_candles(), len(carried.dead_letters())
    program = Program.start(carried)
    until(program.is_up, "both queries run")
    program.process.terminate()
    assert program.ended() == 0, program.text()[-3000:]
    assert program.says("aggregator_stopped") == 1
    assert (carried.stored_trades(), carried.stored_candles(), len(carried.dead_letters())) == before


def test_a_checkpoint_of_other_settings_is_refused_in_words(carried: Site) -> None:
    program = Program.start(carried, "--once", "--window", "30")
    assert program.ended() == 1
    last = program.text().strip().splitlines()[-1]
    assert "window_ms: 60000 there, 30000 now" in last
    assert "--checkpoint" in last


def test_a_kill_in_a_micro_batch_changes_nothing_and_spark_submit_goes_on(new_site: Callable[[str], Site]) -> None:
    site = new_site("killed")
    source = Records(seed=7)
    site.send(source.entries(3_000))
    first = Program.start(site, "--max-offsets-per-trigger", "1000")
    try:
        # In the middle: a micro-batch has begun that is not committed.
        until(lambda: any((query / "offsets" / "1").exists() for query in site.queries), "a second micro-batch")
    finally:
        first.kill()
    assert not site.all_is_stored()
    site.send(source.entries(1_000))
    second = Program.start(site, "--max-offsets-per-trigger", "1000", command=["spark-submit", "apps/aggregator.py"])
    try:
        until(second.is_up, "both queries run")
        until(site.all_is_stored, "everything is stored")
        second.process.terminate()  # the JVM: it is what spark-submit becomes
        assert second.ended() == 0, second.text()[-3000:]
    finally:
        second.kill()
    assert second.says("aggregator_stopped") == 1
    assert_trades_are_the_domains(site)
    assert_dead_letters_are_the_domains(site, repeated=True)
    assert site.stored_candles() == expected_candles(site)[0]


def test_a_query_that_fails_ends_the_program_with_the_cause(new_site: Callable[[str], Site]) -> None:
    site = new_site("failing")
    program = Program.start(site)
    try:
        until(program.is_up, "both queries run")
        with CassandraSession(site.cassandra) as session:
            session.driver.execute(f"DROP TABLE {site.cassandra.keyspace}.trade_aggregates", timeout=60)
        site.send(Records(seed=1).entries(100))
        assert program.ended() == 1
    finally:
        program.kill()
    last = program.text().strip().splitlines()[-1]
    assert last.startswith("tapeline aggregator: the query 'candles' failed: ")
    assert "find table trade_aggregates" in last


def test_decimals_are_stored_as_they_were_sent(carried: Site) -> None:
    """A stored price has the value of the record, and a candle's volume its scale; nothing went through a float."""
    candles = carried.stored_candles()
    assert all(isinstance(candle.vwap, Decimal) for candle in candles if candle.trade_count)
    assert all(candle.vwap is None for candle in candles if not candle.trade_count)
