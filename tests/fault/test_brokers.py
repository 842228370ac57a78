"""Three brokers: they lose leaders or most of the cluster, or are restarted in turn. No acknowledged trade is lost; what is refused waits and is drained."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from adapters.kafka.topics import Profile
from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded
from tests.support.timeouts import TIMEOUT_S, wait_until

from .fault_report import Tell
from .producer_harness import Sending

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(900)]

BROKERS = 3
BUFFER = 2_000
RATE = 500
AWAY_S = 50
"""How long the brokers stay stopped once the buffer is full."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Three brokers; topics have three replicas, and two must have a record before it is acknowledged."""
    home = tmp_path_factory.mktemp("brokers")
    with guarded(Stack(name="brokers", home=home, cassandra=False, brokers=BROKERS, quick_jit=True)) as stack:
        yield stack


@pytest.fixture
def stack(cluster: Stack) -> Iterator[Stack]:
    """The cluster, all of whose brokers run again at the end whatever happened."""
    yield cluster
    for service in names():
        cluster.start(service)
        cluster.resume(service)


@pytest.fixture
def sending(tmp_path: Path, stack: Stack) -> Iterator[Sending]:
    with (
        SimulatedFinnhub(SimulatorSettings(rate=RATE, ledger_limit=10**6)) as server,
        Sending(
            tmp_path,
            stack.bootstrap_servers,
            server,
            "--kafka-buffer-messages",
            str(BUFFER),
            profile=Profile.PRODUCTION,
        ) as sending,
    ):
        sending.acknowledge(200)
        yield sending


def names() -> list[str]:
    return [f"kafka-{node}" for node in range(1, BROKERS + 1)]


class Cluster:
    """What the brokers say of a topic."""

    def __init__(self, sending: Sending) -> None:
        self._topic = sending.kafka.trades_topic
        self._admin = AdminClient({"bootstrap.servers": sending.kafka.bootstrap_servers})

    def leader(self, partition: int) -> str:
        """Return the broker that leads a partition."""
        found = self._admin.list_topics(self._topic, timeout=TIMEOUT_S).topics[self._topic].partitions[partition]
        return f"kafka-{found.leader}"

    def in_sync(self) -> bool:
        """Return whether every partition has all its replicas in sync."""
        partitions = self._admin.list_topics(self._topic, timeout=TIMEOUT_S).topics[self._topic].partitions
        return all(len(partition.isrs) == BROKERS for partition in partitions.values())


def check(sending: Sending) -> str:
    """Check that nothing was lost, twice or out of order, and give the figures."""
    account = sending.settled()
    assert list(account.gaps()) == []
    assert account.missing() == []
    assert account.unkept() == []
    assert account.unpublished() == {}
    assert account.claimed() == []
    return (
        f"{len(account.trades)} trades, {len(account.acknowledged)} records acknowledged, events of the feed with them"
    )


def test_no_acknowledged_trade_is_lost_when_leaders_are_killed(sending: Sending, stack: Stack, tell: Tell) -> None:
    cluster = Cluster(sending)
    for turn in range(5):
        wait_until(cluster.in_sync, "all in sync", 2 * TIMEOUT_S)
        leader = cluster.leader(turn % 4)
        stack.kill(leader)
        sending.acknowledge(1_000)
        stack.start(leader)
    wait_until(cluster.in_sync, "all in sync", 2 * TIMEOUT_S)
    tell(
        "a partition's leader is killed (kill -9), five times, of three brokers",
        "no acknowledged trade lost, none twice, order kept",
        check(sending),
    )


def test_an_acknowledgement_means_that_another_broker_has_it(sending: Sending, stack: Stack, tell: Tell) -> None:
    cluster = Cluster(sending)
    wait_until(cluster.in_sync, "all in sync", 2 * TIMEOUT_S)
    leader = cluster.leader(0)
    others = [name for name in names() if name != leader]
    for name in others:
        stack.pause(name)
    wait_until(lambda: sending.unacknowledged() > RATE, "nothing more is acknowledged")
    stack.kill(leader)
    for name in others:
        stack.resume(name)
    sending.acknowledge(1_000)
    stack.start(leader)
    wait_until(cluster.in_sync, "all in sync", 2 * TIMEOUT_S)
    tell(
        "the leader is killed (kill -9) while the two other copies stand still",
        "no acknowledged trade lost, none twice, order kept",
        check(sending),
    )


def test_what_is_refused_while_two_of_three_brokers_are_stopped_is_drained_afterwards(
    sending: Sending, stack: Stack, tell: Tell
) -> None:
    cluster = Cluster(sending)
    wait_until(cluster.in_sync, "all in sync", 2 * TIMEOUT_S)
    stopped = names()[1:]
    for name in stopped:
        stack.kill(name)
    wait_until(lambda: sending.unacknowledged() >= BUFFER, "a full buffer")
    acknowledged = len(sending.acknowledged())
    sending.wait(AWAY_S)
    # One replica alone accepts nothing: its loss would break the promise of an acknowledgement.
    assert len(sending.acknowledged()) == acknowledged
    assert sending.unacknowledged() <= BUFFER + 5
    for name in stopped:
        stack.start(name)
    wait_until(cluster.in_sync, "all in sync", 2 * TIMEOUT_S)
    wait_until(lambda: sending.unacknowledged() < BUFFER / 2, "drained", 2 * TIMEOUT_S)
    tell(
        f"two of three brokers are stopped (kill -9) until the buffer is full, and for {AWAY_S} s more",
        "nothing acknowledged by one copy alone; refused, not lost; drained afterwards, order kept",
        check(sending),
    )


def test_a_rolling_restart_loses_nothing(sending: Sending, stack: Stack, tell: Tell) -> None:
    cluster = Cluster(sending)
    for name in names():
        # The next broker stops only when the last one has caught up: two replicas are always in sync.
        wait_until(cluster.in_sync, "all in sync", 2 * TIMEOUT_S)
        stack.stop(name)
        sending.acknowledge(1_000)
        stack.start(name)
    wait_until(cluster.in_sync, "all in sync", 2 * TIMEOUT_S)
    sending.acknowledge(1_000)
    tell(
        "a rolling restart of three brokers",
        "trades are acknowledged all the time; none lost, none twice, order kept",
        check(sending),
    )
