"""Choose and claim the ports of servers that are about to start.

- A requested port is claimed, or is an error when it is in use. A default port moves up to the next free one; for client ports this is reported.
- A stack that was taken down with `--keep-data` gets its earlier ports when they are free.
- A server of a running stack keeps its ports, because its peers know them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import attrs

from devstack.servers import kafka
from devstack.servers.cassandra_ring import address
from devstack.servers.server import Server

from . import plan
from .plan import Options
from .ports import Claims
from .record import Layout, Record


def allocate_ports(layout: Layout, options: Options, claims: Claims, report: Callable[[str], None]) -> Layout:
    """Claim the ports of a stack whose servers are all down, and return the layout with these ports.

    Requested ports come first; otherwise a port of `layout` or the next free one is claimed.

    Raises:
        DevstackError: a requested port is in use, or no port is free.

    """
    peers: list[tuple[int, int]] = []
    for i, (client, controller) in enumerate(layout.kafka_peers):
        requested = None if options.kafka_port is None else options.kafka_port + i
        start = max(client, peers[-1][0] + 1) if peers else client
        chosen = _client(claims, [kafka.HOST], requested, start, f"kafka-{i + 1}", report)
        peers.append((chosen, claims.next_free([kafka.HOST], controller, what="Kafka's controller")))
    broker_ports = tuple(
        claims.next_free([kafka.HOST], port, what="Kafka's brokers") for port in layout.kafka_broker_ports
    )
    metrics = tuple(claims.next_free([kafka.HOST], port, what="Kafka's metrics") for port in layout.kafka_metrics_ports)
    hosts = [address(node) for node in range(1, layout.nodes + 1)]
    cql, storage, cassandra_metrics = layout.cassandra_port, layout.storage_port, layout.cassandra_metrics_port
    if hosts:
        cql = _client(claims, hosts, options.cassandra_port, cql, "cassandra", report)
        storage = claims.next_free(hosts, storage, what="Cassandra's nodes")
        cassandra_metrics = claims.next_free(hosts, cassandra_metrics, what="Cassandra's metrics")
    return attrs.evolve(
        layout,
        kafka_peers=tuple(peers),
        kafka_broker_ports=broker_ports,
        kafka_metrics_ports=metrics,
        kafka_heap_mb=options.kafka_heap_mb,
        cassandra_port=cql,
        storage_port=storage,
        cassandra_metrics_port=cassandra_metrics,
        cassandra_heap_mb=options.cassandra_heap_mb,
        quick_jit=options.quick_jit,
    )


def _client(
    claims: Claims, hosts: list[str], requested: int | None, start: int, what: str, report: Callable[[str], None]
) -> int:
    if requested is not None:
        return claims.claim(hosts, requested, what=what)
    port = claims.next_free(hosts, start, what=what)
    if port != start:
        report(f"{what}: port {start} is in use, using {port}")
    return port


def record_to_start(
    before: Record | None, options: Options, folder: Path, claims: Claims, report: Callable[[str], None]
) -> Record:
    """Return the record to start from, and claim the ports of its servers. `before` is the record in `folder`, or None.

    Raises:
        DevstackError: a port is in use, or the existing stack does not have what `options` request.

    """
    if before is None:
        return Record(layout=allocate_ports(plan.new_layout(options), options, claims, report), running={})
    plan.check_servers(options, before.layout, folder.name)
    if not any(map(before.alive, before.running)):
        return attrs.evolve(before, layout=allocate_ports(before.layout, options, claims, report))
    plan.check_ports(options, before.layout, folder.name)
    servers = before.layout.servers(folder).values()
    reclaim_ports((server for server in servers if not before.alive(server.name)), claims)
    return before


def reclaim_ports(servers: Iterable[Server], claims: Claims) -> None:
    """Claim the ports that servers of a running stack used before.

    Raises:
        DevstackError: a port is in use.

    """
    addresses = [(server.host, port) for server in servers for port in ports_of(server)]
    claims.reclaim(addresses, what="a server that has to restart on it")


def ports_of(server: Server) -> tuple[int, ...]:
    """Return all ports that a server listens on."""
    return server.port, *server.inner_ports, server.metrics_port
