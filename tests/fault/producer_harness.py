"""The sent side of a test: a simulated Finnhub, the producer as a child process, and topics of its own on a real Kafka.

with Sending(folder, servers, server) as sending:
    ...  # a fault
    account = sending.settled()  # the feed falls silent, the producer ends tidily
"""

import contextlib
import json
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import psutil
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from adapters.kafka.settings import MAX_DEAD_LETTER_BYTES, KafkaSettings
from adapters.kafka.topics import Profile, ensure_topics
from adapters.simulator.ledger import LedgerEntry
from adapters.simulator.server import SimulatedFinnhub
from domain.record import TopicRecord
from tests.support.releases import THIS, Release
from tests.support.timeouts import TIMEOUT_S, wait_until

from .delivery_ledger import Account, Acknowledged, Heard
from .frames import digest
from .producing import ACKNOWLEDGED, RECEIVED

SYMBOLS = ("AAPL", "MSFT", "BINANCE:BTCUSDT", "BINANCE:ETHUSDT", "OANDA:EUR_USD", "IC MARKETS:1")


class Sending:
    """A producer that carries a server's trades to Kafka, and all that is known of them.

    `flags` are the producer's own, and `variables` replace those of its environment. `topics` exist already; without them the topics are new ones.
    """

    def __init__(
        self,
        folder: Path,
        servers: str,
        server: SimulatedFinnhub,
        *flags: str,
        url: str = "",
        symbols: Sequence[str] = SYMBOLS,
        profile: Profile = Profile.DEV,
        topics: KafkaSettings | None = None,
        release: Release = THIS,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        name = f"t{uuid.uuid4().hex[:8]}"
        self.kafka = topics or _new_topics(servers, name, profile)
        self.release = release
        """The release of the producer; another one takes effect at the next `start`."""
        self.servers = [server]
        """The servers that there were; a test that replaces one adds the new one."""
        self.log = folder / f"{name}.log"
        self._received = Lines(folder / f"{name}.received")
        self._acknowledged = Lines(folder / f"{name}.acknowledged")
        self._heard: list[Heard] = []
        self._reports: list[Acknowledged] = []
        self._begun = (0, 0)
        self._run = -1
        self._connection = 0
        self._flags = ("--symbols", ",".join(symbols), "--flush-timeout", str(TIMEOUT_S), *flags)
        self._variables = {
            "TAPELINE_FINNHUB_URL": url or server.url,
            "TAPELINE_FINNHUB_TOKEN": "any",
            "TAPELINE_METRICS_PORT": "0",
            "TAPELINE_KAFKA_BOOTSTRAP_SERVERS": servers,
            "TAPELINE_KAFKA_TRADES_TOPIC": self.kafka.trades_topic,
            "TAPELINE_KAFKA_DEAD_LETTERS_TOPIC": self.kafka.dead_letters_topic,
            "TAPELINE_KAFKA_EVENTS_TOPIC": self.kafka.events_topic,
            RECEIVED: str(self._received.path),
            ACKNOWLEDGED: str(self._acknowledged.path),
            **(variables or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self, **variables: str) -> None:
        """Start the producer, and return when it has subscribed. `variables` replace those of before."""
        self._variables |= variables
        self._begun = (self._frames(), self._trades())
        run = self._run + 1
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.release.command("tests.fault.producing"), *self._flags],
                cwd=self.release.code,
                env={**self.release.variables(), **self._variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(lambda: any(each.run == run and each.event == "subscribed" for each in self.heard()), "subscribed")

    def kill(self) -> None:
        """Kill the producer; nothing happens when it has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int:
        """Ask the producer to end, and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(2 * TIMEOUT_S)

    @property
    def memory_bytes(self) -> int:
        """The memory that the producer has now (RSS)."""
        assert self._process is not None
        return int(psutil.Process(self._process.pid).memory_info().rss)

    def sent(self) -> list[LedgerEntry]:
        """Return what the servers sent; the numbers of connections continue from server to server."""
        entries: list[LedgerEntry] = []
        for server in self.servers:
            before = entries[-1].connection if entries else 0
            entries += [
                LedgerEntry(before + each.connection, each.sent_ms, each.kind, each.copy, each.payload)
                for each in server.ledger.entries()
            ]
        return entries

    def heard(self) -> list[Heard]:
        """Return what the producers have received so far."""
        for line in self._received.more():
            if "run" in line:
                self._run += 1
                self._connection = 0
            else:
                self._connection += line.get("event") == "connected"
                symbols = tuple(line.pop("symbols", ()))
                self._heard.append(Heard(run=self._run, connection=self._connection, symbols=symbols, **line))
        return self._heard

    def carry(self, frames: int, timeout_s: float = TIMEOUT_S) -> None:
        """Wait until the producer has received so many more frames."""
        before = self._frames()
        wait_until(lambda: self._frames() >= before + frames, f"{frames} more frames", timeout_s)

    def acknowledge(self, trades: int) -> None:
        """Wait until so many more trades are acknowledged."""
        before = self._trades()
        wait_until(lambda: self._trades() >= before + trades, f"{trades} more trades acknowledged")

    def unacknowledged(self) -> int:
        """Count the trades that this run of the producer received and that Kafka has not acknowledged, of a feed without quirks."""
        frames, reports = self._begun
        received = (self._frames() - frames) * self.servers[-1].settings.trades_per_frame
        return received - (self._trades() - reports)

    def _frames(self) -> int:
        return sum(bool(each.frame) for each in self.heard())

    def _trades(self) -> int:
        return sum(each.topic == self.kafka.trades_topic for each in self.acknowledged())

    def is_cut_off(self) -> bool:
        """Return whether the latest event of the producer's feed is a lost connection."""
        heard = self.heard()
        return bool(heard) and heard[-1].event == "disconnected"

    def wait(self, seconds: float) -> None:
        """Let a fault last; fails when the producer ends meanwhile."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
            raise AssertionError(f"the producer ended: {self.log.read_text()[-2_000:]}")

    def acknowledged(self) -> list[Acknowledged]:
        """Return what Kafka has acknowledged so far."""
        self._reports += [Acknowledged(**line) for line in self._acknowledged.more()]
        return self._reports

    def account(self) -> Account:
        """Return the account; call it when the producer has ended."""
        return Account(
            sent=self.sent(),
            heard=self.heard(),
            acknowledged=self.acknowledged(),
            trades=dump(self.kafka, self.kafka.trades_topic),
            dead_letters=dump(self.kafka, self.kafka.dead_letters_topic),
            events=dump(self.kafka, self.kafka.events_topic),
        )

    def settled(self) -> Account:
        """Silence the feed, let everything in flight arrive, stop the producer, and return the account."""
        server = self.servers[-1]
        server.go_silent(3_600)
        last = server.ledger.entries()[-1:]
        if last:
            wait_until(lambda: self._has(last[0]), "the last frame")
        code = self.stop()
        assert code == 0, self.log.read_text()[-2_000:]
        return self.account()

    def _has(self, entry: LedgerEntry) -> bool:
        return any(each.frame == digest(entry.payload) for each in self.heard()[-5:])


def _new_topics(servers: str, name: str, profile: Profile) -> KafkaSettings:
    topics = KafkaSettings(
        bootstrap_servers=servers,
        trades_topic=name,
        dead_letters_topic=f"{name}.dlq",
        events_topic=f"{name}.events",
    )
    ensure_topics(topics, profile=profile)
    return topics


class Lines:
    """A file of JSON lines that grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = 0

    def more(self) -> list[dict[str, Any]]:
        """Read the lines that are new and whole."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self._at)
            whole = file.read().rpartition(b"\n")[0]
        self._at += len(whole) + 1 if whole else 0
        return [json.loads(line) for line in whole.splitlines()]


def dump(kafka: KafkaSettings, topic: str) -> list[TopicRecord]:
    """Read all that a topic holds now, with a client of its own."""
    consumer = Consumer(
        {
            **kafka.client(),
            "group.id": f"dump-{uuid.uuid4().hex}",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.message.max.bytes": MAX_DEAD_LETTER_BYTES,
        }
    )
    records: list[TopicRecord] = []
    try:
        open_ = set(consumer.list_topics(topic, timeout=TIMEOUT_S).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, partition, 0) for partition in open_])
        deadline = time.monotonic() + TIMEOUT_S
        while open_:
            assert time.monotonic() < deadline, f"{topic} cannot be read to its end: {open_}"
            for message in consumer.consume(10_000, 0.2):
                error = message.error()
                if error is not None:
                    assert error.code() == KafkaError._PARTITION_EOF, error
                    open_.discard(message.partition())
                    continue
                records.append(_record(message))
    finally:
        consumer.close()
    return records


def _record(message: Message) -> TopicRecord:
    partition, offset, headers = message.partition(), message.offset(), message.headers() or []
    assert partition is not None
    assert offset is not None
    assert isinstance(headers, list)
    return TopicRecord(
        topic=message.topic() or "",
        partition=partition,
        offset=offset,
        key=message.key(),
        value=message.value() or b"",
        headers=tuple((name, value) for name, value in headers if isinstance(value, bytes)),
        appended_ms=message.timestamp()[1],
    )
