"""The producer is killed under load and started again: at most what was not acknowledged is missing, and its time is known."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from devstack.stack import Stack
from tests.support.timeouts import wait_until

from .fault_report import Tell
from .producer_harness import Sending

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

KAFKA = "kafka-1"
RATE = 1_000
ALIVE_EVERY_S = 1
"""How much of a run's end is not claimed after a kill; with 5 s, the default, so short a run would claim nothing."""


@pytest.fixture
def server() -> Iterator[SimulatedFinnhub]:
    with SimulatedFinnhub(SimulatorSettings(rate=RATE, ledger_limit=10**6)) as server:
        yield server


@pytest.fixture
def stack(kafka_stack: Stack) -> Iterator[Stack]:
    """The stack, whose broker goes on at the end whatever happened."""
    yield kafka_stack
    kafka_stack.resume(KAFKA)


@pytest.mark.parametrize("times", [1, pytest.param(5, marks=pytest.mark.faults)])
def test_only_what_was_not_acknowledged_is_missing_after_kills(
    tmp_path: Path, bootstrap_servers: str, server: SimulatedFinnhub, stack: Stack, tell: Tell, times: int
) -> None:
    with Sending(tmp_path, bootstrap_servers, server, "--alive-every", str(ALIVE_EVERY_S)) as sending:
        for _ in range(times):
            sending.acknowledge(4 * RATE)
            # With something on the way and in the buffer, which a kill takes along.
            stack.pause(KAFKA)
            wait_until(lambda: sending.unacknowledged() > 300, "a backlog")
            sending.kill()
            stack.resume(KAFKA)
            sending.start()
        sending.acknowledge(2 * RATE)
        account = sending.settled()
    assert account.unkept() == []
    assert account.in_no_gap() == []
    lost = account.unpublished()
    assert lost
    assert lost.keys() <= set(range(times))
    acknowledged = sum(each.topic == sending.kafka.trades_topic for each in account.acknowledged)
    received = sum(map(len, account.expected().values()))
    missing = sum(map(len, lost.values()))
    assert missing <= received - acknowledged
    assert account.claimed() == []
    assert account.holes() >= 1
    tell(
        f"the producer is killed (kill -9) under load with a backlog, {times} times, and started again",
        "at most what was not acknowledged is missing: the end of what each run received; the events claim none of it",
        f"{received} trades received, {acknowledged} acknowledged, {missing} missing",
    )
