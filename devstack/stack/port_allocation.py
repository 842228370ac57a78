"""Settle the ports of what is about to start, and claim them.

- A given port is taken or refused. Another moves up from where it would like to be, and says so when clients use it.
- A stack that is down with its data kept has its earlier ports again where they are free.
- A server whose stack runs has its own ports and no others: its peers know them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import attrs

from devstack.servers import cassandra, kafka
from devstack.servers.server import Server

from . import plan
from .plan import Options
from .ports import Claims
from .record import Layout, Record


def allocate_ports(layout: Layout, options: Options, claims: Claims, say: Callable[[str], None]) -> Layout:
    """Claim ports for `layout`, all of whose servers are down: its own where they are free and no other was given.

    Raises:
        DevstackError: a given port is in use, or none is free.

    """
    peers: list[tuple[int, int]] = []
    for i, (client, controller) in enumerate(layout.kafka_peers):
        given = None if options.kafka_port is None else options.kafka_port + i
        start = max(client, peers[-1][0] + 1) if peers else client
        chosen = _client(claims, [kafka.HOST], given, start, f"kafka-{i + 1}", say)
        peers.append((chosen, claims.next_free([kafka.HOST], controller, what="Kafka's controller")))
    metrics = tuple(claims.next_free([kafka.HOST], port, what="Kafka's metrics") for port in layout.kafka_metrics_ports)
    hosts = [cassandra.address(node) for node in range(1, layout.nodes + 1)]
    cql, storage, cassandra_metrics = layout.cassandra_port, layout.storage_port, layout.cassandra_metrics_port
    if hosts:
        cql = _client(claims, hosts, options.cassandra_port, cql, "cassandra", say)
        storage = claims.next_free(hosts, storage, what="Cassandra's nodes")
        cassandra_metrics = claims.next_free(hosts, cassandra_metrics, what="Cassandra's metrics")
    return attrs.evolve(
        layout,
        kafka_peers=tuple(peers),
        kafka_metrics_ports=metrics,
        kafka_heap_mb=options.kafka_heap_mb,
        cassandra_port=cql,
        storage_port=storage,
        cassandra_metrics_port=cassandra_metrics,
        cassandra_heap_mb=options.cassandra_heap_mb,
        quick_jit=options.quick_jit,
    )


def _client(
    claims: Claims, hosts: list[str], given: int | None, start: int, what: str, say: Callable[[str], None]
) -> int:
    if given is not None:
        return claims.given(hosts, given, what=what)
    port = claims.next_free(hosts, start, what=what)
    if port != start:
        say(f"{what}: port {start} is in use, taking {port}")
    return port


def record_to_start(
    before: Record | None, options: Options, folder: Path, claims: Claims, say: Callable[[str], None]
) -> Record:
    """Return the record to start from, where `before` is what is written in `folder`; claim the ports that it needs.

    Raises:
        DevstackError: a port is in use, or the stack exists and is another than the one asked for.

    """
    if before is None:
        return Record(layout=allocate_ports(plan.wished(options), options, claims, say), running={})
    plan.check_servers(options, before.layout, folder.name)
    if not any(map(before.alive, before.running)):
        return attrs.evolve(before, layout=allocate_ports(before.layout, options, claims, say))
    plan.check_ports(options, before.layout, folder.name)
    servers = before.layout.servers(folder).values()
    claim_again((server for server in servers if not before.alive(server.name)), claims)
    return before


def claim_again(servers: Iterable[Server], claims: Claims) -> None:
    """Claim the ports that servers of a running stack had before.

    Raises:
        DevstackError: one is in use.

    """
    addresses = [(server.host, port) for server in servers for port in ports_of(server)]
    claims.again(addresses, what="a server that has to come back on it")


def ports_of(server: Server) -> tuple[int, ...]:
    """Give all that a server listens on."""
    return server.port, server.inner_port, server.metrics_port
