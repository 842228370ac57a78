"""Certificates of another authority on running servers: programs that do not trust them yet say so, and nothing is lost.

The documented order is: both authorities in the CA files, then the certificates of the servers, then the old authority removed.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.local_stack.parts import Servers
from devstack.servers.secrets import Secrets
from devstack.stack import Stack
from tests.fault.producer_harness import Sending
from tests.support.aggregators import Program, Site, until
from tests.support.timeouts import wait_until

from .new_authority import NewAuthority
from .recent_trades import entries, recent_trades
from .rotations import AGGREGATOR_FLAGS, RATE, assert_whole, producer

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture
def authority(secure_stack: Stack, secrets: Secrets, tmp_path: Path) -> Iterator[NewAuthority]:
    """A second authority. The servers have their old certificates again at the end."""
    authority = NewAuthority(secure_stack, secrets, tmp_path)
    try:
        yield authority
    finally:
        authority.restore_all()


@pytest.fixture
def sending(secure_stack: Stack, authority: NewAuthority, tmp_path: Path) -> Iterator[Sending]:
    """A producer that trusts the authority of the stack."""
    with producer(secure_stack, tmp_path) as sending:
        yield sending


def test_a_producer_that_does_not_trust_the_broker_for_a_while_loses_nothing(
    authority: NewAuthority, sending: Sending
) -> None:
    sending.acknowledge(RATE)
    authority.certify("kafka-1")
    wait_until(lambda: "a broker refuses this client" in sending.log.read_text(), "a refusal in the log")
    assert "certificate verify failed" in sending.log.read_text()
    wait_until(lambda: sending.unacknowledged() > RATE, "a backlog")
    authority.restore("kafka-1")
    wait_until(lambda: sending.unacknowledged() < RATE, "the delivery of the backlog")
    assert_whole(sending.settled())


def test_an_authority_is_rotated_while_a_producer_sends(authority: NewAuthority, sending: Sending) -> None:
    sending.acknowledge(RATE)
    assert sending.stop() == 0
    sending.start(TAPELINE_KAFKA_SSL_CA_FILE=str(authority.both_ca_file))
    sending.acknowledge(RATE)
    authority.certify("kafka-1")
    sending.acknowledge(RATE)  # the producer connected again, on its own
    assert sending.stop() == 0
    sending.start(TAPELINE_KAFKA_SSL_CA_FILE=str(authority.new_ca_file))
    sending.acknowledge(RATE)
    assert_whole(sending.settled())
    assert "a broker refuses this client" not in sending.log.read_text()


def test_an_aggregator_that_does_not_trust_a_node_ends_and_a_restart_with_both_authorities_stores_everything(
    authority: NewAuthority, secure_stack: Stack, site: Site
) -> None:
    variables = {
        **Servers.of(secure_stack, user="aggregator", role="aggregator").variables(),
        "TAPELINE_CASSANDRA_KEYSPACE": site.cassandra.keyspace,
        "TAPELINE_CASSANDRA_CA_FILE": str(authority.old_ca_file),
    }
    before, after = recent_trades(500), recent_trades(500, first=500)
    program = Program.start(site, *AGGREGATOR_FLAGS, variables=variables)
    try:
        site.send(entries(before))
        until(site.all_is_stored, "the first trades")
        authority.certify("cassandra-1")
        site.send(entries(after))
        assert program.ended() == 1, program.text()
    finally:
        program.kill()
    refused = Program.start(site, *AGGREGATOR_FLAGS, "--once", variables=variables)
    assert refused.ended() == 1
    assert "unable to find valid certification path" in refused.text().splitlines()[-1]
    variables["TAPELINE_CASSANDRA_CA_FILE"] = str(authority.both_ca_file)
    again = Program.start(site, *AGGREGATOR_FLAGS, "--once", variables=variables)
    assert again.ended() == 0, again.text()
    assert {*site.stored_trades().values()} == {*before, *after}
