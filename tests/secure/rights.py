"""Rows of the table of rights: their names, the program that uses each, and the secure stack without one of them."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from confluent_kafka.admin import AclBinding  # type: ignore[attr-defined] # its type hints do not say so

from adapters.cassandra.roles import ensure_roles
from adapters.cassandra.session import CassandraSession
from adapters.kafka.acls import acls, ensure_acls
from apps.local_stack.parts import Servers
from devstack.servers.java import java_home
from devstack.stack import Stack
from domain.program_rights import GROUP_RIGHTS, TABLE_RIGHTS, TOPIC_RIGHTS, GroupRight, TableRight, TopicRight
from tests.support.programs import ended, start
from tests.support.timeouts import TIMEOUT_S

from .credentials import delete_acls

Right = TopicRight | GroupRight | TableRight

ROWS: Final[Sequence[Right]] = (*TOPIC_RIGHTS, *GROUP_RIGHTS, *TABLE_RIGHTS)

SPARK_PROGRAMS: Final = frozenset({"aggregator", "reconcile"})

_PRODUCER: Final = (
    "producer", "--feed", "simulated", "--duration", "1", "--flush-timeout", "2", "--metrics-port", "0",
)  # fmt: skip
_REPORT: Final = ("report", "--day", "2019-10-11", "--trades-kept-days", "0", "--symbol", "BINANCE:RIGHTS")
REPORT_BY_SPARK: Final = (*_REPORT, "--engine", "spark")
"""The report by its other engine, which needs no right beyond those of the report."""
_COMMANDS: Final = {
    "producer": _PRODUCER,
    "watchlist": ("watchlist", "list"),
    "dlq": ("dlq", "replay", "--flush-timeout", "2", "--max-attempts", "100"),
    "query": ("query", "candles", "AAPL"),
    "dashboard": ("dashboard", "--web-port", "0"),
    "report": _REPORT,
    "monitoring": ("doctor", "--format", "json"),
    # Batches and windows so small that a trade of `contents` restates a candle, and another one makes it final.
    "aggregator": (
        "aggregator",
        "--once",
        "--metrics-port",
        "0",
        "--publish-candles",
        "--window",
        "10",
        "--max-offsets-per-trigger",
        "2",
    ),
    "reconcile": ("reconcile", "--day", "2019-10-11", "--written", "now", "--publish-candles"),
}
"""A program of each user or role, which uses all of its rights but those below."""
_OTHER_COMMANDS: Final = {
    ("producer", "READ", "watchlist"): (*_PRODUCER, "--watchlist"),
    ("watchlist", "WRITE", "watchlist"): ("watchlist", "add", "AAPL"),
    ("query", "SELECT", "candle_revisions"): ("query", "candles", "AAPL", "--as-of", "now"),
    ("query", "SELECT", "trades_v2"): ("query", "trades", "AAPL"),
    ("query", "SELECT", "daily_candles"): ("query", "candles", "AAPL", "--window", "1d"),
}


def user_of(right: Right) -> str:
    """Return the user or the role of a row: the name of its program."""
    return right.role if isinstance(right, TableRight) else right.user


def key_of(right: Right) -> tuple[str, str, str]:
    """Return the user, the operation and the thing of a row."""
    if isinstance(right, TableRight):
        return right.role, right.permission, right.table
    return right.user, right.operation, right.topic if isinstance(right, TopicRight) else right.group


def command_using(right: Right) -> tuple[str, ...]:
    """Return a command that uses this right. Raise KeyError for a program without one: add it above."""
    return _OTHER_COMMANDS.get(key_of(right), _COMMANDS[user_of(right)])


def name_on_server(right: Right, admin: Servers) -> str:
    """Return the name of the topic, the group or the table."""
    return right.table if isinstance(right, TableRight) else str(_acl(right, admin).name)


def run_as(stack: Stack, user: str, command: Sequence[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end as a user of Kafka and a role of Cassandra; a program that does not use one of them gets any. `folder` is for its files."""
    secrets = stack.secrets
    assert secrets is not None
    kafka = user if secrets.kafka_password(user).exists() else "watchlist"
    cassandra = user if secrets.cassandra_password(user).exists() else "query"
    variables = {
        **Servers.of(stack, user=kafka, role=cassandra).variables(),
        "TAPELINE_KAFKA_CONNECT_TIMEOUT_S": "20",
        "TAPELINE_CHECKPOINT": str(folder / "checkpoint"),
        "JAVA_HOME": str(java_home()),
    }
    return ended(start("apps.cli", *command, **variables), 3 * TIMEOUT_S)


@contextmanager
def without(right: Right, admin: Servers) -> Iterator[None]:
    """Remove one row from the servers, and restore it."""
    if isinstance(right, TableRight):
        _revoke(right, admin)
    else:
        delete_acls(admin.kafka, [_acl(right, admin)])
    try:
        yield
    finally:
        if isinstance(right, TableRight):
            ensure_roles(admin.cassandra, {})
            _forget_cached_permissions(admin)
        else:
            ensure_acls(admin.kafka)


def passwords(folder: Path) -> list[str]:
    """Return every password and token of a secure stack."""
    files = (file for kind in ("kafka", "cassandra", "disk", "metrics") for file in (folder / kind).iterdir())
    return [file.read_text("utf-8") for file in files if file.suffix != ".p12"]


def _acl(right: TopicRight | GroupRight, admin: Servers) -> AclBinding:
    rows = (*TOPIC_RIGHTS, *GROUP_RIGHTS)
    return list(acls(admin.kafka))[rows.index(right)]


def _revoke(right: TableRight, admin: Servers) -> None:
    table = f"{admin.cassandra.keyspace}.{right.table}"
    with CassandraSession(admin.cassandra) as session:
        session.driver.execute(f"REVOKE {right.permission} ON TABLE {table} FROM {right.role}")
    _forget_cached_permissions(admin)


def _forget_cached_permissions(admin: Servers) -> None:
    """Let the nodes read permissions again, which they otherwise do every two seconds."""
    with CassandraSession(admin.cassandra) as session:
        session.driver.execute("TRUNCATE system_views.permissions_cache_keys")
