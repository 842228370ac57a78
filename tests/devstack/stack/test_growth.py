"""A running stack gets another server: the layout that has it, and the stacks that cannot have it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from devstack.errors import DevstackError
from devstack.stack import plan
from devstack.stack.port_allocation import with_another_broker, with_another_node
from devstack.stack.ports import Claims
from devstack.stack.record import Layout

LAYOUT = plan.new_layout(
    plan.Options(
        kafka=True,
        cassandra=True,
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
        before = attrs.evolve(LAYOUT, cassandra_port=47_042, storage_port=47_000, cassandra_metrics_port=47_504)
        grown = with_another_node(before, claims)
    assert grown.ring.hosts == {"dc1": ["127.0.0.1", "127.0.0.3"], "dc2": ["127.0.0.2"]}
    ports = {(server.port, server.metrics_port) for name, server in grown.servers(Path("/x")).items() if "cass" in name}
    assert ports == {(47_042, 47_504)}


@pytest.mark.parametrize("grow", [with_another_broker, with_another_node])
def test_a_secure_stack_cannot_grow(grow: Callable[[Layout, Claims], Layout]) -> None:
    with Claims() as claims, pytest.raises(DevstackError, match="a secure stack cannot grow"):
        grow(attrs.evolve(LAYOUT, secure=True), claims)
