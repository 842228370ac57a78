"""Each row of the table of rights is needed: without it, the program that has it ends with a clear error. And no user has a right beyond the table."""

import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from confluent_kafka.admin import AdminClient

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.event_store import CassandraEventStore
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.trade_store import CassandraTradeStore
from adapters.kafka.acls import EVERY_ACL, acls
from adapters.kafka.publisher import KafkaPublisher
from apps.local_stack.parts import Servers
from devstack.servers.secrets import ADMIN, Secrets
from devstack.stack import Stack
from domain.candle import fold
from domain.program_rights import ROLES, TABLE_RIGHTS
from domain.session import SessionEvent, SessionEventKind
from domain.window import MINUTE_MS
from tests.contract.brokers import make_dead_letter, make_event
from tests.contract.stores import DAY_MS, MIDNIGHT_MS, NOON_MS, make_trade
from tests.support.timeouts import TIMEOUT_S

from .rights import (
    REPORT_BY_SPARK,
    ROWS,
    SPARK_PROGRAMS,
    Right,
    command_using,
    key_of,
    name_on_server,
    passwords,
    run_as,
    user_of,
    without,
)

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

SYMBOL = "BINANCE:RIGHTS"
DENIAL = re.compile(r"authorization failed|has no right on it|not granted|has no \w+ permission|does not exist")
REPORTED_ONLY = {("report", "READ", "dead_letters"), ("report", "DESCRIBE", "topic_reader")}
"""A report without the dead letters is still a report: it says that rejected trades are not known."""


@pytest.fixture(scope="module")
def admin(secure_stack: Stack) -> Servers:
    return Servers.of(secure_stack, user=ADMIN, role=ADMIN)


@pytest.fixture(scope="module", autouse=True)
def contents(admin: Servers) -> None:
    """Records and rows such that each program uses each of its rights: a replay, for example, writes nothing where there are no letters."""
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    with KafkaPublisher(admin.kafka) as publisher:
        times = (now_ms - 300_000, now_ms, now_ms - 20_000)
        trades = [make_trade(SYMBOL, at_ms, f"{number:04}-00000000") for number, at_ms in enumerate(times)]
        event = attrs.evolve(make_event(), at_ms=now_ms, seen_ms=now_ms - 1, symbols={SYMBOL: now_ms - 1_000})
        publisher.publish(*trades, event, make_dead_letter(b"{"))
        assert publisher.flush(TIMEOUT_S).acknowledged == 5
    trades = [make_trade(SYMBOL, NOON_MS + number * 1_000) for number in range(200)]
    session = CassandraSession(admin.cassandra)
    with (
        CassandraTradeStore(admin.cassandra, session) as store,
        CassandraCandleStore(admin.cassandra, session) as candles,
    ):
        store.write([*trades, make_trade(f"{SYMBOL}:WITHOUT-CANDLES", NOON_MS)])
        candles.write(fold(trades, MINUTE_MS).values())
    end_ms = MIDNIGHT_MS + DAY_MS + 1_000
    with CassandraEventStore(admin.cassandra, session) as events:
        events.write(
            [
                SessionEvent(
                    instance="p",
                    session="1",
                    kind=SessionEventKind.STOPPED,
                    at_ms=end_ms,
                    seen_ms=end_ms,
                    symbols={SYMBOL: MIDNIGHT_MS},
                )
            ]
        )


def _marks(user: str, command: Sequence[str]) -> list[pytest.MarkDecorator]:
    """Return what keeps slow tests out of the default run: programs on Spark, and the doctor, who needs many rights."""
    is_slow = user in {*SPARK_PROGRAMS, "monitoring"} or "spark" in command
    return [pytest.mark.faults] if is_slow else []


def _marks_of_row(right: Right) -> list[pytest.MarkDecorator]:
    """Return what keeps a row out of the default run, which has the first row of each user and of each role."""
    first = next(row for row in ROWS if type(row) is type(right) and user_of(row) == user_of(right))
    return _marks(user_of(right), command_using(right)) if right is first else [pytest.mark.faults]


EACH_ROW = [pytest.param(right, id="-".join(key_of(right)), marks=_marks_of_row(right)) for right in ROWS]
EACH_COMMAND = [
    pytest.param(user, command, id=" ".join(command[:2]), marks=_marks(user, command))
    for user, command in sorted(
        {(user_of(right), command_using(right)) for right in ROWS} | {("report", REPORT_BY_SPARK)}
    )
    if user != "dashboard"  # it runs until it is stopped
]


@pytest.mark.parametrize("right", EACH_ROW)
def test_without_a_right_its_program_ends_with_a_clear_error(
    right: Right, secure_stack: Stack, admin: Servers, secrets: Secrets, tmp_path: Path
) -> None:
    with without(right, admin):
        done = run_as(secure_stack, user_of(right), command_using(right), tmp_path)
    assert denial_in(done, name_on_server(right, admin)), output_of(done)
    assert done.returncode == (0 if key_of(right) in REPORTED_ONLY else 1), output_of(done)
    # Spark logs the stack of each failed query.
    assert user_of(right) in SPARK_PROGRAMS or "Traceback" not in output_of(done)
    assert [password for password in passwords(secrets.folder) if password in output_of(done)] == []


@pytest.mark.parametrize(("user", "command"), EACH_COMMAND)
def test_with_all_of_its_rights_a_program_is_served(
    user: str, command: tuple[str, ...], secure_stack: Stack, tmp_path: Path
) -> None:
    done = run_as(secure_stack, user, command, tmp_path)
    assert done.returncode == 0, output_of(done)
    assert not DENIAL.search(output_of(done)), output_of(done)


def test_no_user_of_kafka_has_a_right_beyond_the_table(admin: Servers) -> None:
    client = AdminClient(admin.kafka.client())  # its answers end with it
    found = client.describe_acls(EVERY_ACL).result(TIMEOUT_S)
    assert set(found) == set(acls(admin.kafka))


def test_no_role_of_cassandra_has_a_right_beyond_the_table(admin: Servers) -> None:
    with CassandraSession(admin.cassandra) as session:
        found = {
            (row[0], row[2], row[3])
            for role in ROLES
            for row in session.driver.execute(f"LIST ALL PERMISSIONS OF {role}")
        }
    keyspace = admin.cassandra.keyspace
    assert found == {(right.role, f"<table {keyspace}.{right.table}>", right.permission) for right in TABLE_RIGHTS}


def denial_in(done: "subprocess.CompletedProcess[str]", name: str) -> bool:
    """Return whether a line of the output says what is denied. Of a group, Kafka's client does not report the name."""
    return any(
        DENIAL.search(line) and (name in line or "Group authorization failed" in line)
        for line in output_of(done).splitlines()
    )


def output_of(done: "subprocess.CompletedProcess[str]") -> str:
    return done.stdout + done.stderr
