"""Real stacks: bring them up, use them, break a server, take them down without leftovers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from devstack.errors import DevstackError
from devstack.servers.probes import cassandra_peers, kafka_brokers
from devstack.stack import Stack
from tests.support.timeouts import TIMEOUT_S, wait_until

pytestmark = pytest.mark.servers
ROOT = Path(__file__).parents[3]


def devstack(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "devstack", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(command: subprocess.Popen[str]) -> str:
    out, _ = command.communicate(timeout=3 * TIMEOUT_S)
    assert command.returncode == 0, out
    return out


def processes_of(home: Path) -> list[int]:
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        words = process.info["cmdline"] or []
        if process.pid != os.getpid() and any(str(home) in word for word in words):
            found.append(process.pid)
    return found


def states(stack: Stack) -> dict[str, str]:
    return {server.name: server.state for server in stack.status()}


def create_topic(stack: Stack, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": stack.bootstrap_servers})
    admin.create_topics([NewTopic(name, 1)])[name].result(30)


def topics(stack: Stack) -> set[str]:
    return set(AdminClient({"bootstrap.servers": stack.bootstrap_servers}).list_topics(timeout=30).topics)


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[Stack]:
    with Stack(name="one", home=tmp_path / "home", cassandra=False, kafka_heap_mb=256, quick_jit=True) as stack:
        yield stack


def test_up_starts_servers_and_down_leaves_nothing_behind(tmp_path: Path) -> None:
    home = tmp_path / "home"
    heaps = ("--kafka-heap-mb", 256, "--cassandra-heap-mb", 512, "--quick-jit")
    try:
        output = finish(devstack("up", "--home", home, *heaps))
        stack = Stack(home=home)
        kafka_port = int(stack.bootstrap_servers.removeprefix("127.0.0.1:"))
        assert f"kafka-1 up on {stack.bootstrap_servers} in " in output
        assert f"cassandra-1 up on 127.0.0.1:{stack.cassandra_port} in " in output
        assert kafka_brokers("127.0.0.1", kafka_port) == {1}
        assert cassandra_peers("127.0.0.1", stack.cassandra_port) == 0
        assert "already running" in finish(devstack("up", "--home", home))
        assert finish(devstack("status", "--home", home)).count(" up ") == 2
        assert "Kafka Server started" in finish(devstack("logs", "--home", home, "kafka-1"))
        pids = [server.pid for server in stack.status()]
        assert sorted(processes_of(home)) == sorted(pid for pid in pids if pid)
    finally:
        finish(devstack("down", "--home", home))
    assert processes_of(home) == []
    assert list(tmp_path.iterdir()) == []
    assert not [file for pid in pids for file in Path("/tmp").glob(f"*/{pid}")]  # noqa: S108 - where a JVM would write
    assert kafka_brokers("127.0.0.1", kafka_port) == frozenset()


def test_two_stacks_run_side_by_side(kafka: Stack) -> None:
    with Stack(name="two", home=kafka.folder.parent, cassandra=False, kafka_heap_mb=256, quick_jit=True) as other:
        assert other.bootstrap_servers != kafka.bootstrap_servers
        create_topic(other, "t")
        assert "t" in topics(other)
        assert "t" not in topics(kafka)
    assert states(kafka) == {"kafka-1": "up"}
    assert not other.folder.exists()


def test_a_server_that_was_paused_or_killed_returns_with_its_data(kafka: Stack) -> None:
    where = kafka.bootstrap_servers
    create_topic(kafka, "kept")

    kafka.pause("kafka-1")
    assert states(kafka) == {"kafka-1": "paused"}
    kafka.resume("kafka-1")
    wait_until(lambda: states(kafka) == {"kafka-1": "up"})

    kafka.kill("kafka-1")
    assert states(kafka) == {"kafka-1": "down"}
    with pytest.raises(DevstackError, match="is down"):
        kafka.pause("kafka-1")
    kafka.start("kafka-1")
    assert states(kafka) == {"kafka-1": "up"}
    assert kafka.bootstrap_servers == where

    kafka.stop("kafka-1")
    kafka.down(keep_data=True)
    kafka.up()
    assert "kept" in topics(kafka)

    with pytest.raises(DevstackError, match=r"no server named 'kafka-9'.*kafka-1"):
        kafka.kill("kafka-9")
    with pytest.raises(DevstackError, match="has no Cassandra"):
        Stack(name="one", home=kafka.folder.parent).up()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_up_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    home = tmp_path / "home"
    command = devstack("up", "--home", home)
    wait_until(lambda: len(processes_of(home)) >= 3)  # the command itself and its two servers
    command.send_signal(number)
    command.communicate(timeout=TIMEOUT_S)
    assert command.returncode == 130
    assert processes_of(home) == []
    assert not home.exists()


def test_a_guarded_stack_goes_down_when_its_owner_is_killed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    program = (
        "from devstack.stack.orphan_watch import guarded\nfrom devstack.stack import Stack\n"
        f"with guarded(Stack(home={str(home)!r}, cassandra=False, kafka_heap_mb=256, quick_jit=True)):\n"
        "    print('up', flush=True)\n    input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        owner.kill()
    wait_until(lambda: not home.exists() and processes_of(home) == [])
