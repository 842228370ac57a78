"""One more broker or Cassandra node for a stack: the layout that has it, with ports of its own, and the stacks that cannot have it.

A server joins its peers, so all of them have to run. A secure stack cannot grow, because the authority that signs its certificates is gone.
"""

from __future__ import annotations

import attrs

from devstack.errors import DevstackError
from devstack.servers import kafka
from devstack.servers.cassandra_ring import address

from .ports import Claims
from .record import Layout, Record


def check_broker_can_join(record: Record) -> None:
    """Check that another broker can join.

    Raises:
        DevstackError: the stack is secure or has no Kafka, or a broker is down.

    """
    _check_can_grow(record, "Kafka", len(record.layout.kafka_peers))


def check_node_can_join(record: Record) -> None:
    """Check that another Cassandra node can join.

    Raises:
        DevstackError: the stack is secure or has no Cassandra, or a node is down.

    """
    _check_can_grow(record, "Cassandra", record.layout.nodes)


def _check_can_grow(record: Record, kind: str, count: int) -> None:
    if record.layout.secure:
        raise DevstackError("a secure stack cannot grow: nobody can sign the certificate of another server")
    if not count:
        raise DevstackError(f"the stack has no {kind} to add a server to")
    peers = [f"{kind.lower()}-{number}" for number in range(1, count + 1)]
    down = [name for name in peers if record.alive(name) is None]
    if down:
        raise DevstackError(
            f"no server can join while its peers are down ({', '.join(down)}): bring the stack up first"
        )


def with_another_broker(layout: Layout, claims: Claims) -> Layout:
    """Claim the ports of one more broker, and return the layout that has it.

    Raises:
        DevstackError: no port is free.

    """
    client, controller = layout.kafka_peers[-1]
    ports = (
        claims.next_free([kafka.HOST], client + 1, what="Kafka"),
        claims.next_free([kafka.HOST], controller + 1, what="Kafka's controller"),
    )
    metrics = claims.next_free([kafka.HOST], layout.kafka_metrics_ports[-1] + 1, what="Kafka's metrics")
    return attrs.evolve(
        layout,
        kafka_peers=(*layout.kafka_peers, ports),
        kafka_metrics_ports=(*layout.kafka_metrics_ports, metrics),
    )


def with_another_node(layout: Layout, claims: Claims) -> Layout:
    """Claim the ports of one more Cassandra node, at an address of its own, and return the layout that has it.

    Raises:
        DevstackError: a port is in use.

    """
    host = address(layout.nodes + 1)
    ports = (layout.cassandra_port, layout.storage_port, layout.cassandra_metrics_port)
    claims.reclaim([(host, port) for port in ports], what="another Cassandra node")
    return attrs.evolve(layout, nodes=layout.nodes + 1)
