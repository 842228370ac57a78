"""What the tests of rotation share: a producer on the secure stack, its servers that restart, and the law that nothing is lost."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs

from adapters.kafka.topics import Profile, ensure_topics
from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from apps.local_stack.parts import Servers, kafka_of
from devstack.servers.secrets import ADMIN
from devstack.stack import Stack
from tests.fault.delivery_ledger import Account
from tests.fault.producer_harness import Sending

from .credentials import granted_topics

RATE: Final = 200
"""The trades per second of the producer's feed."""
AGGREGATOR_FLAGS: Final = ("--trigger", "0", "--metrics-port", "0")


@contextmanager
def producer(stack: Stack, folder: Path) -> Iterator[Sending]:
    """Run a producer with topics of its own during the block."""
    name = f"rotation-{uuid.uuid4().hex[:8]}"
    topics = attrs.evolve(
        kafka_of(stack, ADMIN), trades_topic=name, dead_letters_topic=f"{name}.dlq", events_topic=f"{name}.events"
    )
    ensure_topics(topics, profile=Profile.DEV)
    variables = Servers.of(stack, user="producer").variables()
    with (
        SimulatedFinnhub(SimulatorSettings(rate=RATE, ledger_limit=10**6)) as feed,
        granted_topics(topics),
        Sending(folder, topics.bootstrap_servers, feed, topics=topics, variables=variables) as sending,
    ):
        yield sending


def reconnect(stack: Stack, server: str) -> None:
    """Restart a server: its clients connect and authenticate again."""
    stack.stop(server)
    stack.start(server)


def assert_whole(account: Account) -> None:
    """See that everything that arrived is in Kafka, once, and that no event claims more than that."""
    assert account.unkept() == []
    assert account.unpublished() == {}
    assert account.claimed() == []
