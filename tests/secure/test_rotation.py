"""Passwords that change while programs run: what cannot be delivered waits, and nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.local_stack.parts import Servers, cassandra_of, kafka_of
from devstack.servers.secrets import ADMIN, Secrets
from devstack.stack import Stack
from tests.fault.producer_harness import Sending
from tests.support.aggregators import Program, Site, until
from tests.support.timeouts import wait_until

from .credentials import change_cassandra_password, change_kafka_password, password_file
from .recent_trades import entries, recent_trades
from .rotations import AGGREGATOR_FLAGS, RATE, assert_whole, producer, reconnect

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(600)]

NEW_PASSWORD = "an0ther-password-of-the-tests"  # noqa: S105 - the tests look for it


@pytest.fixture
def sending(secure_stack: Stack, secrets: Secrets, tmp_path: Path) -> Iterator[Sending]:
    """A producer whose user has its password as before at the end."""
    try:
        with producer(secure_stack, tmp_path) as sending:
            yield sending
    finally:
        password = secrets.kafka_password("producer").read_text()
        change_kafka_password(kafka_of(secure_stack, ADMIN), "producer", password)


def test_a_producer_whose_password_is_wrong_for_a_while_loses_nothing(
    secure_stack: Stack, secrets: Secrets, sending: Sending
) -> None:
    sending.acknowledge(2 * RATE)
    change_kafka_password(kafka_of(secure_stack, ADMIN), "producer", NEW_PASSWORD)
    sending.acknowledge(RATE)  # connections stay authenticated
    reconnect(secure_stack, "kafka-1")
    wait_until(lambda: "a broker refuses this client" in sending.log.read_text(), "a refusal in the log")
    wait_until(lambda: sending.unacknowledged() > RATE, "a backlog")
    password = secrets.kafka_password("producer").read_text()
    change_kafka_password(kafka_of(secure_stack, ADMIN), "producer", password)
    wait_until(lambda: sending.unacknowledged() < RATE, "the delivery of the backlog")
    assert_whole(sending.settled())
    assert password not in sending.log.read_text()


def test_a_password_is_rotated_by_a_restart(secure_stack: Stack, sending: Sending, tmp_path: Path) -> None:
    sending.acknowledge(RATE)
    change_kafka_password(kafka_of(secure_stack, ADMIN), "producer", NEW_PASSWORD)
    assert sending.stop() == 0  # over its authenticated connections
    sending.start(TAPELINE_KAFKA_SASL_PASSWORD_FILE=str(password_file(tmp_path, NEW_PASSWORD)))
    sending.acknowledge(RATE)
    assert_whole(sending.settled())


@pytest.fixture
def aggregators_password(secure_stack: Stack, secrets: Secrets) -> Iterator[None]:
    """The password of the aggregator's role is as before at the end."""
    yield
    password = secrets.cassandra_password("aggregator").read_text()
    change_cassandra_password(cassandra_of(secure_stack, ADMIN), "aggregator", password)


@pytest.mark.usefixtures("aggregators_password")
def test_an_aggregator_whose_password_changes_ends_and_a_restart_with_the_new_one_stores_everything(
    secure_stack: Stack, site: Site, tmp_path: Path
) -> None:
    variables = {
        **Servers.of(secure_stack, user="aggregator", role="aggregator").variables(),
        "TAPELINE_CASSANDRA_KEYSPACE": site.cassandra.keyspace,
    }
    before, after = recent_trades(500), recent_trades(500, first=500)
    program = Program.start(site, *AGGREGATOR_FLAGS, variables=variables)
    try:
        site.send(entries(before))
        until(site.all_is_stored, "the first trades")
        change_cassandra_password(site.cassandra, "aggregator", NEW_PASSWORD)
        reconnect(secure_stack, "cassandra-1")
        site.send(entries(after))
        assert program.ended() == 1, program.text()
    finally:
        program.kill()
    refused = Program.start(site, *AGGREGATOR_FLAGS, "--once", variables=variables)
    assert refused.ended() == 1
    assert "password are incorrect" in refused.text()
    variables["TAPELINE_CASSANDRA_PASSWORD_FILE"] = str(password_file(tmp_path, NEW_PASSWORD))
    again = Program.start(site, *AGGREGATOR_FLAGS, "--once", variables=variables)
    assert again.ended() == 0, again.text()
    assert {*site.stored_trades().values()} == {*before, *after}
    assert NEW_PASSWORD not in program.text() + refused.text() + again.text()
