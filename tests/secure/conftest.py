"""What the tests of the secure stack share: its secrets, the variables of its users, and topics and tables of one test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.cassandra.roles import ensure_roles
from adapters.cassandra.session import CassandraSession
from apps.local_stack.parts import Servers
from devstack.servers.secrets import Secrets
from devstack.stack import Stack
from tests.support.aggregators import Site

from .credentials import granted_topics


@pytest.fixture(scope="session")
def secrets(secure_stack: Stack) -> Secrets:
    """The secrets of the stack."""
    assert secure_stack.secrets is not None
    return secure_stack.secrets


@pytest.fixture(scope="session")
def variables_of(secure_stack: Stack) -> Callable[..., dict[str, str]]:
    """Return the variables of a program that is a user of Kafka and a role of Cassandra."""

    def variables(user: str = "monitoring", role: str = "query") -> dict[str, str]:
        return Servers.of(secure_stack, user=user, role=role).variables()

    return variables


@pytest.fixture
def site(secure_stack: Stack, tmp_path: Path) -> Iterator[Site]:
    """Topics and tables of one test on the secure stack, with the rights of the table on them."""
    site = Site.make("secure", tmp_path, secure_stack, secure_stack)
    ensure_roles(site.cassandra, {})
    try:
        with granted_topics(site.kafka):
            yield site
    finally:
        with CassandraSession(site.cassandra) as session:
            session.driver.execute(f"DROP KEYSPACE {site.cassandra.keyspace}")  # with its grants
