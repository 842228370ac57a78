"""Several producers on one watchlist, as children of a test: each with a key of its own, all on one simulated Finnhub and the topics of one real Kafka.

A thread looks at the server's subscriptions all the while and remembers for how long a symbol was there twice.
"""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Self

import attrs

from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import Profile, ensure_topics
from adapters.kafka.watchlist_editor import KafkaWatchlistEditor
from adapters.simulator.ledger import LedgerEntry
from adapters.simulator.server import SimulatedFinnhub
from tests.support.releases import ROOT
from tests.support.timeouts import TIMEOUT_S, wait_until

from .delivery_ledger import Account, Acknowledged, Heard, Identity
from .frames import digest
from .producer_harness import Lines, dump
from .producing import ACKNOWLEDGED, RECEIVED

_LOOK_EVERY_S = 0.02


class Producer:
    """One that runs until it is killed or stopped."""

    def __init__(self, folder: Path, number: int, key: str, variables: dict[str, str]) -> None:
        self.number = number
        self.log = folder / f"{number}.log"
        self._received = Lines(folder / f"{number}.received")
        self._acknowledged = Lines(folder / f"{number}.acknowledged")
        self._heard: list[Heard] = []
        self._reports: list[Acknowledged] = []
        self._connection = 0
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.fault.producing", "--watchlist"],
                cwd=ROOT,
                env={
                    **os.environ,
                    **variables,
                    "TAPELINE_FINNHUB_TOKEN": key,
                    RECEIVED: str(self._received.path),
                    ACKNOWLEDGED: str(self._acknowledged.path),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def heard(self) -> list[Heard]:
        for line in self._received.more():
            if "run" not in line:
                self._connection += line.get("event") == "connected"
                symbols = tuple(line.pop("symbols", ()))
                self._heard.append(Heard(run=self.number, connection=self._connection, symbols=symbols, **line))
        return self._heard

    def acknowledged(self) -> list[Acknowledged]:
        self._reports += [Acknowledged(**line) for line in self._acknowledged.more()]
        return self._reports

    def logs(self, text: str) -> bool:
        return text in self.log.read_text()


class Sharing:
    """The producers, the list that they share, and all that is known of their trades."""

    def __init__(self, folder: Path, servers: str, server: SimulatedFinnhub) -> None:
        name = f"t{uuid.uuid4().hex[:8]}"
        self.kafka = KafkaSettings(
            bootstrap_servers=servers,
            trades_topic=name,
            dead_letters_topic=f"{name}.dlq",
            events_topic=f"{name}.events",
            watchlist_topic=f"{name}.watchlist",
        )
        ensure_topics(self.kafka, profile=Profile.DEV)
        self.editor = KafkaWatchlistEditor(self.kafka)
        self.server = server
        self.producers: list[Producer] = []
        self.variables = {
            "TAPELINE_KAFKA_BOOTSTRAP_SERVERS": servers,
            "TAPELINE_KAFKA_TRADES_TOPIC": self.kafka.trades_topic,
            "TAPELINE_KAFKA_DEAD_LETTERS_TOPIC": self.kafka.dead_letters_topic,
            "TAPELINE_KAFKA_EVENTS_TOPIC": self.kafka.events_topic,
            "TAPELINE_KAFKA_WATCHLIST_TOPIC": self.kafka.watchlist_topic,
        }
        self._folder = folder
        self._watch = _Watch(server)

    def __enter__(self) -> Self:
        self.editor.start()
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        for producer in self.producers:
            producer.kill()
        self._watch.close()
        self.editor.close()

    def start(self, key: str) -> Producer:
        variables = {**self.variables, "TAPELINE_FINNHUB_URL": self.server.url, "TAPELINE_METRICS_PORT": "0"}
        producer = Producer(self._folder, len(self.producers), key, variables)
        self.producers.append(producer)
        return producer

    def shares(self) -> list[set[str]]:
        """Return the symbols of each open connection, the oldest first."""
        return self.server.subscriptions()

    def await_covered(self, symbols: Collection[str], producers: int, seconds: float = TIMEOUT_S) -> None:
        """Wait until the connections are so many, each has a part, and the parts are the symbols, each once."""

        def covered() -> bool:
            shares = self.shares()
            return (
                len(shares) == producers
                and all(shares)
                and Counter(symbol for share in shares for symbol in share) == Counter(symbols)
            )

        wait_until(covered, f"{len(symbols)} symbols at {producers} producers", seconds)

    @property
    def longest_double_s(self) -> float:
        """For how long a symbol was at two connections at most."""
        return self._watch.longest_double_s

    @property
    def most_connections(self) -> int:
        """How many connections there were at once at most."""
        return self._watch.most_connections

    def settled(self) -> Account:
        """Let the feed fall silent and what is on the way arrive, end the producers tidily, and say how things stand."""
        running = [producer for producer in self.producers if producer.process.poll() is None]
        wait_until(lambda: all(any(each.frame for each in producer.heard()) for producer in running), "a frame each")
        self.server.go_silent(3_600)
        entries: dict[int, LedgerEntry] = {entry.connection: entry for entry in self.server.ledger.entries()}
        last = {digest(entries[number].payload) for number in list(self.server._hub.sessions)}

        def arrived() -> bool:
            return last <= {each.frame for producer in running for each in producer.heard()}

        wait_until(arrived, "the last frames")
        for producer in running:
            producer.process.send_signal(signal.SIGTERM)
        for producer in running:
            assert producer.process.wait(TIMEOUT_S) == 0, producer.log.read_text()[-2_000:]
        return Account(
            sent=self.server.ledger.entries(),
            heard=[each for producer in self.producers for each in producer.heard()],
            acknowledged=[each for producer in self.producers for each in producer.acknowledged()],
            trades=dump(self.kafka, self.kafka.trades_topic),
            dead_letters=dump(self.kafka, self.kafka.dead_letters_topic),
            events=dump(self.kafka, self.kafka.events_topic),
        )


class _Watch:
    """A thread that looks at who is subscribed to what."""

    def __init__(self, server: SimulatedFinnhub) -> None:
        self._server = server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.longest_double_s = 0.0
        self.most_connections = 0

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        since: dict[str, float] = {}
        while not self._stop.wait(_LOOK_EVERY_S):
            shares, now = self._server.subscriptions(), time.monotonic()
            self.most_connections = max(self.most_connections, len(shares))
            counts = Counter(symbol for share in shares for symbol in share)
            since = {symbol: since.get(symbol, now) for symbol, count in counts.items() if count > 1}
            self.longest_double_s = max([self.longest_double_s, *(now - begun for begun in since.values())])


@attrs.frozen(kw_only=True)
class Difference:
    """The trades that arrived at the producers, compared with those in Kafka."""

    lost: Counter[Identity]
    """Arrived and not in Kafka."""
    odd: Counter[Identity]
    """In Kafka once more than it arrived, or without having arrived at all."""


def difference(account: Account, runs: Sequence[int]) -> Difference:
    """Compare the trades that these producers received with all trades in Kafka."""
    expected: dict[int, list[Identity]] = defaultdict(list, account.expected())
    arrived = Counter(trade for trades in expected.values() for trade in trades)
    surely = Counter(trade for run in runs for trade in expected[run])
    kept = Counter(trade for trades in account.kept().values() for trade in trades)
    return Difference(lost=surely - kept, odd=kept - arrived)
