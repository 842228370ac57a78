"""An upgrade from the previous release, in the order of docs/upgrading.md, and the way back: nothing is lost, and the candles are exact."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
import pytest

from adapters.kafka.offsets import end_offsets
from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from adapters.spark.committed_offsets import committed_offsets
from adapters.spark.layout import CANDLES, TRADES, VERSION
from devstack.stack import Stack
from tests.support.aggregators import Program, Site, until
from tests.support.needs import HISTORY
from tests.support.releases import ROOT, THIS, Release

from .fault_report import Tell
from .producer_harness import SYMBOLS, Sending
from .stored_ledger import check_ledger, put
from .tape import Tape

pytestmark = [
    pytest.mark.servers,
    pytest.mark.faults,
    pytest.mark.needs(HISTORY),
    pytest.mark.timeout(1_800),
]

RATE = 50
PART = 500
"""The trades that each combination of releases carries at least."""
PREVIOUS_LAYOUT: Final = "v1"
DOCTOR_AFTER: Final = ("topics", "producers")
_STEP: Final = re.compile(r"^\| \d\. (\w+) \| (?:`tapeline ([a-z ]+)`)?", re.MULTILINE)


def documented_steps() -> dict[str, list[str]]:
    """Return the steps of an upgrade in the order of docs/upgrading.md, each with the arguments of `tapeline` if it is one command."""
    text = (ROOT / "docs" / "upgrading.md").read_text("utf-8")
    return {name: command.split() for name, command in _STEP.findall(text)}


@attrs.define
class Pipeline:
    """A producer and an aggregator on one site, each of some release."""

    site: Site
    sending: Sending
    aggregator: Program

    def do(self, step: str, command: list[str]) -> None:
        """Do one step of the upgrade to this release."""
        match step:
            case "schema" | "topics":
                trades = self.site.stored_trades()
                assert trades
                self.run(*command)
                assert trades.items() <= self.site.stored_trades().items()
            case "aggregator":
                self.replace_aggregator(THIS)
                self.until_stored(VERSION)
            case "readers":
                self.run("query", "candles", SYMBOLS[0])
            case "producers":
                self.replace_producer(THIS)
            case _:
                raise AssertionError(f"docs/upgrading.md has a step that nobody tests: {step}")

    def run(self, *command: str) -> None:
        """Run a command of this release."""
        done = THIS.tapeline(*command, variables=self.site.variables)
        assert done.returncode == 0, done.stdout + done.stderr

    def replace_aggregator(self, release: Release) -> None:
        """Stop the aggregator and start another one with the same checkpoint."""
        assert self.aggregator.stop() == 0, self.aggregator.text()[-3000:]
        self.aggregator = Program.start(self.site, "--trigger", "0.5", release=release)
        until(self.aggregator.is_up, "the queries run")

    def replace_producer(self, release: Release) -> None:
        """Stop the producer, start another one, and let it carry trades."""
        self.stop_producer()
        self.sending.release = release
        self.sending.start()
        self.sending.acknowledge(PART)

    def stop_producer(self) -> None:
        """Stop the producer by SIGTERM."""
        assert self.sending.stop() == 0, self.sending.log.read_text()[-2000:]

    def ends(self) -> dict[int, int]:
        """Return the ends of the topic of trades, by partition."""
        return end_offsets(self.site.kafka, self.site.kafka.trades_topic)

    def stored_up_to(self, layout: str, ends: dict[int, int]) -> bool:
        """Return whether an aggregator with this layout of the checkpoint has stored the records before these ends."""
        assert self.aggregator.process.poll() is None, self.aggregator.text()[-3000:]
        folder, topic = self.site.checkpoint / layout, self.site.kafka.trades_topic
        committed = [committed_offsets(folder / query, topic) for query in (TRADES, CANDLES)]
        return all(offsets.get(partition, 0) >= end for offsets in committed for partition, end in ends.items())

    def until_stored(self, layout: str) -> None:
        """Wait until everything that is on the topic now is stored."""
        ends = self.ends()
        until(lambda: self.stored_up_to(layout, ends), "everything is stored")


@pytest.fixture
def pipeline(
    previous_release: Release, kafka_stack: Stack, cassandra_stack: Stack, tmp_path: Path
) -> Iterator[Pipeline]:
    """The previous release at work: its topics, its tables, its producer under load, and its aggregator."""
    site = Site.empty("upgrade", tmp_path, kafka_stack, cassandra_stack)
    for command in ("topics", "schema"):
        done = previous_release.tapeline("admin", command, variables=site.variables)
        assert done.returncode == 0, done.stdout + done.stderr
    with (
        SimulatedFinnhub(SimulatorSettings(rate=RATE, ledger_limit=10**6)) as server,
        Sending(
            tmp_path, kafka_stack.bootstrap_servers, server, topics=site.kafka, release=previous_release
        ) as sending,
    ):
        pipeline = Pipeline(site, sending, Program.start(site, "--trigger", "0.5", release=previous_release))
        try:
            until(pipeline.aggregator.is_up, "the queries run")
            sending.acknowledge(PART)
            pipeline.until_stored(PREVIOUS_LAYOUT)
            yield pipeline
        finally:
            pipeline.aggregator.kill()


def test_the_documented_upgrade_and_the_way_back(pipeline: Pipeline, previous_release: Release, tell: Tell) -> None:
    site, sending = pipeline.site, pipeline.sending
    for step, command in documented_steps().items():
        pipeline.do(step, command)
        if step in DOCTOR_AFTER:
            pipeline.run("doctor")
    pipeline.stop_producer()
    pipeline.until_stored(VERSION)
    upgraded = check_ledger(site)

    # Back, in the opposite order; then the readers, which need no step of their own.
    sending.release = previous_release
    sending.start()
    sending.acknowledge(PART)
    pipeline.replace_aggregator(previous_release)
    sending.acknowledge(PART)
    pipeline.stop_producer()
    pipeline.until_stored(PREVIOUS_LAYOUT)
    back = check_ledger(site, raw_only=True)

    # The next upgrade continues where the newer layout was stopped, and writes what the old version has changed.
    pipeline.replace_aggregator(THIS)
    pipeline.until_stored(VERSION)
    again = check_ledger(site)
    account = sending.account()
    assert account.unkept() == []
    assert account.in_no_gap() == []
    assert account.unpublished() == {}
    assert account.claimed() == []
    tell(
        "upgrade from the previous release and back, step by step, under load",
        "rows of old and new producers are stored by old and new aggregators; candles exact",
        f"upgraded: {upgraded}; back: {back}; upgraded again: {again}",
    )


def test_a_checkpoint_of_the_previous_spark_is_resumed(
    previous_release: Release, kafka_stack: Stack, cassandra_stack: Stack, tmp_path: Path, tell: Tell
) -> None:
    site = Site.make("spark-version", tmp_path, kafka_stack, cassandra_stack)
    tape, sent, batches = Tape(seed=61), 0, [0]
    previous_spark = attrs.evolve(previous_release, code=ROOT)
    for release in (previous_spark, THIS, previous_spark):
        # Trades of the windows that the state in the checkpoint has.
        trades = tape.trades(300)
        put(site, trades)
        sent += len(trades)
        program = Program.start(site, "--once", "--max-offsets-per-trigger", "100", release=release)
        assert program.ended() == 0, program.text()[-3000:]
        batches.append(len(list((site.queries[1] / "commits").glob("[0-9]*"))))
    assert batches == sorted(set(batches))
    ledger = check_ledger(site, genuine=sent)
    tell(
        "a checkpoint of the previous version of Spark, resumed by this one and by the previous one again",
        "the same micro-batches and state go on; candles exact",
        f"{batches[1:]} micro-batches after each; {ledger}",
    )
