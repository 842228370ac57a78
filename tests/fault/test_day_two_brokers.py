"""A broker joins a cluster of three, and partitions move to it while trades arrive: nothing is lost, and order is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from adapters.kafka.topics import Profile
from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded
from tests.support.server_tools import run_devstack
from tests.support.timeouts import TIMEOUT_S, wait_until

from .fault_report import Tell
from .producer_harness import Sending

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(900)]

RATE = 500


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Stack]:
    """Three brokers, to which the test adds a fourth."""
    stack = Stack(
        name="growing", home=tmp_path / "stacks", cassandra=False, brokers=3, kafka_heap_mb=384, quick_jit=True
    )
    with guarded(stack):
        yield stack


def replicas(cluster: Stack, topic: str) -> dict[int, list[int]]:
    """Return the brokers of each partition; the first one is its preferred leader."""
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap_servers})
    partitions = admin.list_topics(topic, timeout=TIMEOUT_S).topics[topic].partitions
    return {number: partition.replicas for number, partition in partitions.items()}


def kafka(cluster: Stack, tool: str, *arguments: str) -> str:
    done = run_devstack("kafka", cluster, tool, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def reassign(cluster: Stack, topic: str, brokers: str, folder: Path) -> None:
    """Spread the partitions over these brokers by the steps of docs/kafka.md."""
    topics, plan = folder / "topics.json", folder / "plan.json"
    topics.write_text(json.dumps({"version": 1, "topics": [{"topic": topic}]}), "utf-8")
    proposed = kafka(
        cluster,
        *(
            "kafka-reassign-partitions",
            "--generate",
            "--broker-list",
            brokers,
            "--topics-to-move-json-file",
            str(topics),
        ),
    )
    plan.write_text(proposed.strip().splitlines()[-1], "utf-8")
    named = ("--reassignment-json-file", str(plan))
    kafka(cluster, "kafka-reassign-partitions", "--execute", *named)

    def is_complete() -> bool:
        return "in progress" not in kafka(cluster, "kafka-reassign-partitions", "--verify", *named)

    wait_until(is_complete, "all partitions have moved", 2 * TIMEOUT_S, poll_s=1)


def test_partitions_move_to_a_new_broker_under_load(cluster: Stack, tmp_path: Path, tell: Tell) -> None:
    with (
        SimulatedFinnhub(SimulatorSettings(rate=RATE, ledger_limit=10**6)) as server,
        Sending(tmp_path, cluster.bootstrap_servers, server, profile=Profile.PRODUCTION) as sending,
    ):
        topic = sending.kafka.trades_topic
        sending.acknowledge(2 * RATE)
        before = replicas(cluster, topic)
        grown = run_devstack("add-broker", cluster, timeout_s=2 * TIMEOUT_S)
        assert grown.returncode == 0, grown.stderr
        assert [server.name for server in cluster.status() if server.up][-1] == "kafka-4"
        assert replicas(cluster, topic) == before
        reassign(cluster, topic, "1,2,3,4", tmp_path)
        kafka(cluster, "kafka-leader-election", "--election-type", "preferred", "--all-topic-partitions")
        after = replicas(cluster, topic)
        moved = [number for number, brokers in after.items() if 4 in brokers]
        assert moved
        # Its partitions are served without one of the brokers from before.
        cluster.stop("kafka-1")
        sending.acknowledge(2 * RATE)
        cluster.start("kafka-1")
        account = sending.settled()
    assert list(account.gaps()) == []
    assert account.missing() == []
    assert account.unkept() == []
    assert account.unpublished() == {}
    assert account.claimed() == []
    tell(
        "a fourth broker joins, and partitions are reassigned to it under load",
        "trades are acknowledged all the time; none lost, none twice, order kept",
        f"{len(moved)} of {len(after)} partitions on the new broker; {len(account.trades)} trades",
    )
