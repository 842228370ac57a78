"""Kafka is slow or unavailable: trades wait in a bounded buffer, the feed is under backpressure, and nothing is lost or reordered."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from devstack.stack import Stack
from tests.support.timeouts import scaled, wait_until

from .fault_report import Tell
from .producer_harness import Sending

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(600)]

KAFKA = "kafka-1"
BUFFER = 500
MORE_MEMORY = 48 * 2**20
"""How much the producer may grow. A minute of trades without a bound takes three times as much."""
SILENT_S = scaled(300.0)
"""TCP repeats at growing intervals what a reader under backpressure had no room for: the feed may be silent for as long as Kafka was away."""


@pytest.fixture
def server(rate: float) -> Iterator[SimulatedFinnhub]:
    with SimulatedFinnhub(SimulatorSettings(rate=rate, ledger_limit=10**6)) as server:
        yield server


@pytest.fixture
def sending(tmp_path: Path, bootstrap_servers: str, server: SimulatedFinnhub) -> Iterator[Sending]:
    options = "--kafka-buffer-messages", str(BUFFER), "--finnhub-silence-timeout", str(SILENT_S)
    with Sending(tmp_path, bootstrap_servers, server, *options) as sending:
        sending.carry(200)
        yield sending


@pytest.fixture
def stack(kafka_stack: Stack) -> Iterator[Stack]:
    """The stack, whose broker runs again at the end whatever happened."""
    yield kafka_stack
    kafka_stack.start(KAFKA)
    kafka_stack.resume(KAFKA)


def crash(stack: Stack, sending: Sending, seconds: float) -> None:
    """Kill the broker, and start it again."""
    stack.kill(KAFKA)
    wait(sending, seconds)
    stack.start(KAFKA)


def freeze(stack: Stack, sending: Sending, seconds: float) -> None:
    """Let the broker answer nothing for a while."""
    stack.pause(KAFKA)
    wait(sending, seconds)
    stack.resume(KAFKA)


def slow_down(stack: Stack, sending: Sending, seconds: float) -> None:
    """Let the broker work for a fiftieth of the time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        stack.pause(KAFKA)
        wait(sending, 0.98)
        stack.resume(KAFKA)
        sending.wait(0.02)


def wait(sending: Sending, seconds: float) -> None:
    """Let it last, and check that no more waits than may."""
    sending.wait(seconds)
    # A frame is noted before its trades are published.
    assert sending.unacknowledged() <= BUFFER + 5


@pytest.mark.parametrize(
    ("fault", "seconds", "rate", "words"),
    [
        (crash, 4, 600, "is killed and away"),
        (crash, 60, 2_000, "is killed and away"),
        (freeze, 60, 2_000, "is frozen"),
        (slow_down, 40, 2_000, "works a fiftieth of the time"),
    ],
)
def test_nothing_is_lost_and_memory_is_bounded_when_kafka(
    sending: Sending,
    stack: Stack,
    tell: Tell,
    fault: Callable[[Stack, Sending, float], None],
    seconds: float,
    words: str,
) -> None:
    before = sending.memory_bytes
    fault(stack, sending, seconds)
    grown = sending.memory_bytes - before
    wait_until(lambda: sending.unacknowledged() < BUFFER / 2, "drained")
    sending.carry(200, SILENT_S)
    account = sending.settled()
    assert list(account.gaps()) == []
    assert account.missing() == []
    assert account.unkept() == []
    assert account.unpublished() == {}
    events = account.told()
    assert (events["buffer_full"], events["disconnected"]) == (events["buffer_free"], 0)
    assert events["buffer_full"] >= 1
    assert grown < MORE_MEMORY
    tell(
        f"Kafka {words}, for {seconds} s, with a buffer of {BUFFER}",
        "the feed is under backpressure; nothing lost, nothing twice, order kept, memory bounded",
        f"{len(account.trades)} trades, memory {grown / 2**20:+.1f} MiB",
    )
