"""Fixtures of real servers: each starts its own one-server stack when a test first asks, and ends it with the session.

- The stacks live in the session's temporary folder and on free ports, so several sessions run side by side.
- An interrupt, a timeout or a kill of the session ends them as well: a guard process sees to that.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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


@pytest.fixture
def bootstrap_servers(kafka_stack: Stack) -> str:
    """The Kafka broker's address, as clients take it."""
    return kafka_stack.bootstrap_servers


@pytest.fixture
def cassandra_contact(cassandra_stack: Stack) -> tuple[list[str], int]:
    """The Cassandra node's hosts and port."""
    return cassandra_stack.cassandra_hosts, cassandra_stack.cassandra_port
