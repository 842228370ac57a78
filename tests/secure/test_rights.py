"""Each row of the table of rights is needed: without it, the program that has it ends with a clear error."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka.admin import AclBindingFilter, AdminClient  # type: ignore[attr-defined] # its type hints do not say so

from adapters.cassandra.roles import ensure_roles
from adapters.cassandra.session import CassandraSession
from adapters.kafka.acls import acls, ensure_acls
from adapters.kafka.publisher import KafkaPublisher
from apps.local_stack.parts import Servers
from devstack.servers.secrets import ADMIN
from devstack.stack import Stack
from domain.program_rights import GROUP_RIGHTS, TABLE_RIGHTS, TOPIC_RIGHTS, GroupRight, TableRight, TopicRight
from tests.contract.brokers import make_dead_letter
from tests.e2e.programs import ROOT

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(300)]

PRODUCER = ("producer", "--feed", "simulated", "--duration", "3", "--metrics-port", "0")
COMMANDS = {
    "producer": PRODUCER,
    "watchlist": ("watchlist", "list"),
    "dlq": ("dlq", "replay"),
    "query": ("query", "candles", "AAPL"),
}
"""A program of each user or role, which uses each of its rights unless a test says otherwise."""


@pytest.fixture(scope="module")
def admin(secure_stack: Stack) -> Servers:
    return Servers.of(secure_stack, user=ADMIN, role=ADMIN)


@pytest.fixture(scope="module", autouse=True)
def letter(admin: Servers) -> None:
    """A dead letter that a replay rejects again: without one, a replay reads and writes nothing."""
    with KafkaPublisher(admin.kafka) as publisher:
        publisher.publish(make_dead_letter(b"{"))
        assert publisher.flush(30).acknowledged == 1


@contextmanager
def without_acl(admin: Servers, row: int) -> Iterator[None]:
    """Delete one ACL of the table, and restore it."""
    acl = list(acls(admin.kafka))[row]
    client = AdminClient(admin.kafka.client())
    exact = AclBindingFilter(
        acl.restype, acl.name, acl.resource_pattern_type, acl.principal, acl.host, acl.operation, acl.permission_type
    )
    [deleted] = client.delete_acls([exact]).values()
    assert len(deleted.result(30)) == 1
    try:
        yield
    finally:
        ensure_acls(admin.kafka)


@contextmanager
def without_grant(admin: Servers, right: TableRight) -> Iterator[None]:
    """Revoke one grant of the table, and restore it."""
    table = f"{right.keyspace or admin.cassandra.keyspace}.{right.table}"
    with CassandraSession(admin.cassandra) as session:
        session.driver.execute(f"REVOKE {right.permission} ON TABLE {table} FROM {right.role}")
    try:
        yield
    finally:
        ensure_roles(admin.cassandra, {})


def ended(stack: Stack, user: str, role: str, *command: str) -> "subprocess.CompletedProcess[str]":
    variables = {**Servers.of(stack, user=user, role=role).variables(), "TAPELINE_KAFKA_CONNECT_TIMEOUT_S": "5"}
    return subprocess.run(
        [sys.executable, "-m", "apps.cli", *command],
        cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip


def assert_denied(run: Callable[[], "subprocess.CompletedProcess[str]"], *words: str) -> None:
    """Run until the change is known to every cache of the servers, which takes seconds."""
    deadline = time.monotonic() + 60
    while (done := run()).returncode == 0:
        assert time.monotonic() < deadline, f"still allowed: {done.stdout}{done.stderr}"
    assert done.returncode == 1, done.stderr
    assert any(word in done.stderr for word in words), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("row", "right"),
    [pytest.param(row, right, id=f"{right.user}-{right.operation}-{right.topic}")
     for row, right in enumerate(TOPIC_RIGHTS) if right.user in {"producer", "dlq", "watchlist"}],
)  # fmt: skip
def test_a_program_needs_each_right_on_topics(secure_stack: Stack, admin: Servers, row: int, right: TopicRight) -> None:
    command = COMMANDS[right.user]
    if (right.user, right.topic) == ("producer", "watchlist"):
        command = (*PRODUCER, "--watchlist")
    if (right.user, right.operation) == ("watchlist", "WRITE"):
        command = ("watchlist", "add", "AAPL")
    topic = list(acls(admin.kafka))[row].name
    with without_acl(admin, row):
        # A topic that other rights make visible takes no records: a replay waits for it, and ends at the limit of its flush.
        assert_denied(lambda: ended(secure_stack, right.user, "query", *command), topic, "Topic authorization failed")


@pytest.mark.parametrize(
    ("row", "right"),
    [pytest.param(row, right, id=right.user) for row, right in enumerate(GROUP_RIGHTS) if right.user in COMMANDS],
)
def test_a_program_needs_its_right_on_the_group(
    secure_stack: Stack, admin: Servers, row: int, right: GroupRight
) -> None:
    command = (*PRODUCER, "--watchlist") if right.user == "producer" else COMMANDS[right.user]
    with without_acl(admin, len(TOPIC_RIGHTS) + row):
        assert_denied(lambda: ended(secure_stack, right.user, "query", *command), "group", "Group")


@pytest.mark.parametrize(
    "right",
    [
        pytest.param(right, id=right.table)
        for right in TABLE_RIGHTS
        if right.role == "query" and right.table != "trades_v2"
    ],
)
def test_a_query_needs_each_grant(secure_stack: Stack, admin: Servers, right: TableRight) -> None:
    with without_grant(admin, right):
        assert_denied(lambda: ended(secure_stack, "monitoring", "query", *COMMANDS["query"]), right.table)


def aggregator(stack: Stack, folder: Path) -> "subprocess.CompletedProcess[str]":
    arguments = ("aggregator", "--once", "--metrics-port", "0", "--checkpoint", str(folder / f"{time.monotonic_ns()}"))
    return ended(stack, "aggregator", "aggregator", *arguments)


@pytest.mark.parametrize(
    ("row", "right"),
    [
        pytest.param(row, right, id=f"{right.operation}-{right.topic}")
        for row, right in enumerate(TOPIC_RIGHTS)
        if right.user == "aggregator"
    ],
)
def test_the_aggregator_needs_each_right_on_topics(
    secure_stack: Stack, admin: Servers, tmp_path: Path, row: int, right: TopicRight
) -> None:
    assert right.user == "aggregator"
    topic = list(acls(admin.kafka))[row].name
    with without_acl(admin, row):
        assert_denied(lambda: aggregator(secure_stack, tmp_path), topic)
