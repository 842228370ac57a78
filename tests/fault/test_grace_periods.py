"""Each program ends within the grace period that the files of deploy/ give it after SIGTERM, under load and while a server hangs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from adapters.spark.committed_offsets import committed_offsets
from apps.settings.producer import ProducerSettings
from devstack.stack import Stack
from tests.support.aggregators import Program, Site, until
from tests.support.releases import ROOT
from tests.support.timeouts import scaled

from .fault_report import Tell
from .producer_harness import Sending
from .stored_ledger import check_ledger, put
from .tape import Tape

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(600)]

KAFKA, CASSANDRA = "kafka-1", "cassandra-1"
RATE = 1_000
# Where the files of deploy/ set the seconds or minutes between SIGTERM and SIGKILL.
_FILES: Final = {
    "kubernetes/base/programs/{}.yaml": r"terminationGracePeriodSeconds: (\d+)()",
    "compose/compose.dev.yaml": r"(?ms)^  {}:$.*?^    stop_grace_period: (\d+)([sm])$",
    "compose/compose.production-like.yaml": r"(?ms)^  {}:$.*?^    stop_grace_period: (\d+)([sm])$",
}
_UNITS: Final = {"producer": "tapeline-producer@.service", "aggregator": "tapeline-aggregator.service"}


def grace_period_s(program: str) -> int:
    """Return the shortest grace period of a program in the files of deploy/, in seconds."""
    patterns = {**_FILES, f"systemd/{_UNITS[program]}": r"TimeoutStopSec=(\d+)()"}
    found = []
    for name, pattern in patterns.items():
        text = (ROOT / "deploy" / name.format(program)).read_text("utf-8")
        match = re.search(pattern.replace("{}", program), text)
        assert match is not None, f"{name} gives {program} no grace period"
        found.append(int(match[1]) * (60 if match[2] == "m" else 1))
    return min(found)


def timed(stop: Callable[[], int]) -> tuple[int, float]:
    """Stop a program, and return its exit code and how many seconds that took."""
    begun = time.monotonic()
    return stop(), time.monotonic() - begun


@pytest.fixture
def stacks(kafka_stack: Stack, cassandra_stack: Stack) -> Iterator[tuple[Stack, Stack]]:
    """Kafka and Cassandra, which run again at the end whatever happened."""
    yield kafka_stack, cassandra_stack
    kafka_stack.resume(KAFKA)
    cassandra_stack.resume(CASSANDRA)


@pytest.mark.parametrize("hangs", [False, True], ids=["under-load", "while-kafka-hangs"])
def test_the_producers_flush_fits_in_its_grace_period(
    stacks: tuple[Stack, Stack], tmp_path: Path, tell: Tell, *, hangs: bool
) -> None:
    kafka, _ = stacks
    grace_s, flush_s = grace_period_s("producer"), ProducerSettings().flush_timeout_s
    with (
        SimulatedFinnhub(SimulatorSettings(rate=RATE, ledger_limit=10**6)) as server,
        Sending(tmp_path, kafka.bootstrap_servers, server, "--flush-timeout", str(flush_s)) as sending,
    ):
        sending.acknowledge(2 * RATE)
        if hangs:
            kafka.pause(KAFKA)
            until(lambda: sending.unacknowledged() > RATE, "a backlog")
        code, took_s = timed(sending.stop)
        kafka.resume(KAFKA)
        # What is not acknowledged is reported by the exit code.
        assert code == (1 if hangs else 0)
        assert took_s < scaled(grace_s)
        account = sending.account()
        assert account.unkept() == []
        assert hangs or account.unpublished() == {}
    tell(
        f"SIGTERM to a producer {'while Kafka hangs' if hangs else f'at {RATE} trades/s'}",
        "it ends within its grace period, and no acknowledged trade is lost",
        f"{took_s:.1f} s of {grace_s} s, exit code {code}",
    )


SUBMITTED: Final = ("spark-submit", "apps/aggregator.py")
"""As on Kubernetes: the JVM receives the signal, and not Python."""


@pytest.mark.parametrize(
    ("command", "hangs"),
    [((), False), (SUBMITTED, False), ((), True)],
    ids=["under-load", "submitted-and-under-load", "while-cassandra-hangs"],
)
def test_the_aggregators_last_micro_batch_fits_in_its_grace_period(
    stacks: tuple[Stack, Stack], tmp_path: Path, tell: Tell, command: tuple[str, ...], *, hangs: bool
) -> None:
    kafka, cassandra = stacks
    grace_s = grace_period_s("aggregator")
    site = Site.make("grace", tmp_path, kafka, cassandra)
    tape = Tape(seed=71)
    trades = tape.trades(20_000)
    put(site, trades)
    program = Program.start(site, "--max-offsets-per-trigger", "2000", "--trigger", "0", command=command)
    try:
        until(program.is_up, "the queries run")
        until(lambda: bool(committed_offsets(site.queries[0], site.kafka.trades_topic)), "a micro-batch is stored")
        if hangs:
            cassandra.pause(CASSANDRA)
        code, took_s = timed(program.stop)
    finally:
        cassandra.resume(CASSANDRA)
        program.kill()
    # A micro-batch that hangs is interrupted, and Spark is halted where that does not help: the exit code is 0 or 1.
    assert hangs or code == 0, program.text()[-3000:]
    assert took_s < scaled(grace_s)
    assert Program.start(site, "--once").ended() == 0
    ledger = check_ledger(site, genuine=len(trades))
    tell(
        f"SIGTERM to {command[0] if command else 'the aggregator'} {'while Cassandra hangs' if hangs else 'amid its micro-batches'}",
        "it ends within its grace period, and goes on where it was",
        f"{took_s:.1f} s of {grace_s} s, exit code {code}; {ledger}",
    )
