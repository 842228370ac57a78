"""A running stack gets another server: the layout that has it, and the stacks that cannot have it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from devstack.errors import DevstackError
from devstack.stack import Stack, plan
from devstack.stack.growth import with_another_node
from devstack.stack.ports import Claims
from devstack.stack.record import Layout, Record, read_record


def layout(*, kafka: bool = True, cassandra: bool = True) -> Layout:
    return plan.new_layout(
        plan.Options(
            kafka=kafka,
            cassandra=cassandra,
            kafka_port=None,
            cassandra_port=None,
            brokers=1,
            nodes=2,
            data_centers=2,
            kafka_heap_mb=512,
            cassandra_heap_mb=512,
            quick_jit=True,
        )
    )


def test_another_node_is_in_the_next_data_center_and_on_the_ports_of_the_ring() -> None:
    with Claims() as claims:
        # Ports that no stack on this machine uses.
        before = attrs.evolve(layout(), cassandra_port=47_042, storage_port=47_000, cassandra_metrics_port=47_504)
        grown = with_another_node(before, claims)
    assert grown.ring.hosts == {"dc1": ["127.0.0.1", "127.0.0.3"], "dc2": ["127.0.0.2"]}
    ports = {(server.port, server.metrics_port) for name, server in grown.servers(Path("/x")).items() if "cass" in name}
    assert ports == {(47_042, 47_504)}


@pytest.mark.parametrize(
    ("before", "grow", "reason"),
    [
        (attrs.evolve(layout(), secure=True), Stack.add_broker, "a secure stack cannot grow"),
        (attrs.evolve(layout(), secure=True), Stack.add_node, "a secure stack cannot grow"),
        (layout(kafka=False), Stack.add_broker, "has no Kafka"),
        (layout(cassandra=False), Stack.add_node, "has no Cassandra"),
        (layout(), Stack.add_broker, r"peers are down \(kafka-1\)"),
        (layout(), Stack.add_node, r"peers are down \(cassandra-1, cassandra-2\)"),
    ],
)
def test_a_stack_that_cannot_grow_stays_as_it_is(
    before: Layout, grow: Callable[[Stack], str], reason: str, tmp_path: Path
) -> None:
    stack = Stack(name="small", home=tmp_path)
    stack.folder.mkdir()
    record = Record(layout=before, running={})
    record.write(stack.folder)
    with pytest.raises(DevstackError, match=reason):
        grow(stack)
    assert read_record(stack.folder) == record
