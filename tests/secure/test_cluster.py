"""A secure stack of three brokers and three nodes: the servers accept each other, and programs of the profile production accept them."""

from collections.abc import Iterator

import pytest

from adapters.cassandra.replication import Replication
from adapters.cassandra.roles import ensure_roles
from adapters.cassandra.schema import apply_schema
from adapters.kafka.acls import ensure_acls
from adapters.kafka.topics import Profile, ensure_topics, ensure_watchlist
from apps.local_stack.parts import Servers
from devstack.servers.secrets import ADMIN
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded
from domain.program_rights import ROLES
from tests.support.programs import run

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Three brokers and three nodes, with topics, tables and rights."""
    stack = Stack(
        name="cluster",
        home=tmp_path_factory.mktemp("cluster"),
        brokers=3,
        nodes=3,
        kafka_heap_mb=384,
        cassandra_heap_mb=512,
        quick_jit=True,
        secure=True,
    )
    with guarded(stack):
        admin = Servers.of(stack, user=ADMIN, role=ADMIN)
        ensure_topics(admin.kafka, profile=Profile.PRODUCTION)
        ensure_watchlist(admin.kafka, profile=Profile.PRODUCTION)
        apply_schema(admin.cassandra, Replication.production({stack.cassandra_datacenter: 3}))
        ensure_acls(admin.kafka)
        assert stack.secrets is not None
        files = {role: stack.secrets.cassandra_password(role) for role in ROLES}
        ensure_roles(admin.cassandra, {role: file.read_text() for role, file in files.items()})
        yield stack


def test_every_server_is_up(cluster: Stack) -> None:
    assert [status.state for status in cluster.status()] == ["up"] * 6


@pytest.mark.parametrize(
    "command",
    [
        ("producer", "--feed", "simulated", "--duration", "2", "--metrics-port", "0"),
        ("query", "candles", "AAPL"),
    ],
    ids=lambda command: command[0],
)
def test_a_program_of_the_profile_production_is_served(cluster: Stack, command: tuple[str, ...]) -> None:
    variables = Servers.of(cluster, user="producer", role="query").variables()
    done = run("apps.cli", *command, TAPELINE_PROFILE="production", **variables)
    assert done.returncode == 0, done.stderr
