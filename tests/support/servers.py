"""Fixtures of real servers: each starts its own one-server stack when a test first asks, and ends it with the session.

- The stacks live in the session's temporary folder and on free ports, so several sessions run side by side.
- An interrupt, a timeout or a kill of the session ends them as well: a guard process sees to that.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.local_stack.parts import prepare
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded


@pytest.fixture(scope="session")
def kafka_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of one Kafka broker."""
    home = tmp_path_factory.mktemp("kafka")
    with guarded(Stack(name="tests", home=home, cassandra=False, quick_jit=True)) as stack:
        yield stack


@pytest.fixture(scope="session")
def cassandra_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of one Cassandra node."""
    home = tmp_path_factory.mktemp("cassandra")
    with guarded(Stack(name="tests", home=home, kafka=False, quick_jit=True)) as stack:
        yield stack


@pytest.fixture(scope="session")
def secure_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A secure stack of one broker and one node, with topics, tables, ACLs and roles, as `tapeline stack --secure` prepares it."""
    home = tmp_path_factory.mktemp("secure")
    with guarded(Stack(name="tests", home=home, quick_jit=True, secure=True)) as stack:
        prepare(stack)
        yield stack


PLAIN_AND_SECURE = ("plain", pytest.param("secure", marks=pytest.mark.faults))


@pytest.fixture(scope="session", params=PLAIN_AND_SECURE)
def each_kafka_stack(request: pytest.FixtureRequest) -> Stack:
    """A stack with Kafka: a plain one, and with the tests of faults a secure one as well. Clients connect as the administrator."""
    stack: Stack = request.getfixturevalue("kafka_stack" if request.param == "plain" else "secure_stack")
    return stack


@pytest.fixture(scope="session", params=PLAIN_AND_SECURE)
def each_cassandra_stack(request: pytest.FixtureRequest) -> Stack:
    """A stack with Cassandra: a plain one, and with the tests of faults a secure one as well. Clients connect as the administrator."""
    stack: Stack = request.getfixturevalue("cassandra_stack" if request.param == "plain" else "secure_stack")
    return stack


@pytest.fixture
def bootstrap_servers(kafka_stack: Stack) -> str:
    """The Kafka broker's address, as clients take it."""
    return kafka_stack.bootstrap_servers


@pytest.fixture
def cassandra_contact(cassandra_stack: Stack) -> tuple[list[str], int]:
    """The Cassandra node's hosts and port."""
    return cassandra_stack.cassandra_hosts, cassandra_stack.cassandra_port
