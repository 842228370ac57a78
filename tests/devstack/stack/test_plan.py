"""The options of a stack, and the layout that follows from them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from devstack.errors import DevstackError
from devstack.servers.cassandra import CassandraNode
from devstack.servers.kafka import KafkaBroker
from devstack.stack import plan
from devstack.stack.growth import with_another_broker
from devstack.stack.plan import Options
from devstack.stack.ports import Claims


def options(
    *, brokers: int = 1, nodes: int = 1, data_centers: int = 1, kafka: bool = True, cassandra: bool = True
) -> Options:
    return Options(
        kafka=kafka,
        cassandra=cassandra,
        kafka_port=None,
        cassandra_port=None,
        brokers=brokers,
        nodes=nodes,
        data_centers=data_centers,
        kafka_heap_mb=512,
        cassandra_heap_mb=1024,
        quick_jit=False,
    )


def test_a_cluster_id_is_sixteen_bytes_and_never_looks_like_an_option() -> None:
    ids = {plan.new_cluster_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(base64.urlsafe_b64decode(one + "==")) == 16 for one in ids)
    assert not any(one.startswith("-") for one in ids)


@pytest.mark.parametrize(
    ("requested", "names"),
    [
        (options(), ["kafka-1", "cassandra-1"]),
        (options(brokers=3, cassandra=False), ["kafka-1", "kafka-2", "kafka-3"]),
        (options(kafka=False, nodes=2), ["cassandra-1", "cassandra-2"]),
    ],
)
def test_a_stack_has_the_requested_servers(requested: Options, names: list[str]) -> None:
    assert list(plan.new_layout(requested).servers(Path("/x"))) == names


def test_no_two_servers_listen_on_one_address() -> None:
    servers = plan.new_layout(options(brokers=3, nodes=3)).servers(Path("/x")).values()
    addresses = [(server.host, port) for server in servers for port in (server.port, *server.inner_ports)]
    assert len(addresses) == len(set(addresses)) == 12


@pytest.mark.parametrize(
    ("brokers", "replicas", "in_sync"), [(1, "1", "1"), (2, "2", "1"), (3, "3", "2"), (5, "3", "2")]
)
def test_replicas_follow_the_number_of_brokers(brokers: int, replicas: str, in_sync: str) -> None:
    layout = plan.new_layout(options(brokers=brokers, cassandra=False))
    for server in layout.servers(Path("/x")).values():
        assert isinstance(server, KafkaBroker)
        settings = server.properties()
        assert settings["default.replication.factor"] == settings["offsets.topic.replication.factor"] == replicas
        assert settings["min.insync.replicas"] == settings["transaction.state.log.min.isr"] == in_sync


def test_a_broker_that_is_added_is_no_controller_and_changes_nothing_for_the_others() -> None:
    layout = plan.new_layout(options(cassandra=False))
    with Claims() as claims:
        grown = with_another_broker(layout, claims)
    [first, added] = grown.servers(Path("/x")).values()
    [before] = layout.servers(Path("/x")).values()
    assert isinstance(before, KafkaBroker)
    assert isinstance(first, KafkaBroker)
    assert isinstance(added, KafkaBroker)
    assert first.properties() == before.properties()
    assert added.properties()["process.roles"] == "broker"
    assert added.properties()["controller.quorum.voters"] == before.properties()["controller.quorum.voters"]
    assert added.inner_ports == ()


def test_each_data_center_has_a_node() -> None:
    layout = plan.new_layout(options(kafka=False, nodes=1, data_centers=2))
    centers = [
        server.data_center for server in layout.servers(Path("/x")).values() if isinstance(server, CassandraNode)
    ]
    assert centers == ["dc1", "dc2"]


def test_an_existing_stack_with_fewer_data_centers_is_an_error() -> None:
    one = plan.new_layout(options())
    with pytest.raises(DevstackError, match="has 1 data centre"):
        plan.check_servers(options(data_centers=2), one, "default")


def test_an_existing_stack_without_a_requested_server_is_an_error() -> None:
    kafka_only = plan.new_layout(options(cassandra=False))
    with pytest.raises(DevstackError, match="has no Cassandra"):
        plan.check_servers(options(), kafka_only, "default")
