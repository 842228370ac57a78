"""Decide on the layout of a new stack: which ports, and whether there is memory for the heaps.

- Ports that clients use: the given one, or the next free from Kafka's 9092 and Cassandra's 9042.
- Ports between servers are of no interest to anyone: the next free from 19092 and 7000.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Iterable

import attrs
import psutil

from . import cassandra, kafka
from .errors import DevstackError
from .ports import Claims
from .record import Layout
from .server import Server

KAFKA_PORT, CONTROLLER_PORT = 9092, 19092
CASSANDRA_PORT, STORAGE_PORT = 9042, 7000
BESIDE_HEAP_MB = 200  # what a fresh server takes outside its heap


@attrs.frozen(kw_only=True)
class Options:
    """What was asked of a stack. A port of None means the default or the next free one; heaps in MiB."""

    kafka: bool
    cassandra: bool
    kafka_port: int | None
    cassandra_port: int | None
    brokers: int = attrs.field(validator=attrs.validators.in_(range(1, 10)))
    nodes: int = attrs.field(validator=attrs.validators.in_(range(1, 10)))
    kafka_heap_mb: int = attrs.field(validator=attrs.validators.ge(64))
    cassandra_heap_mb: int = attrs.field(validator=attrs.validators.ge(256))


def choose(options: Options, claims: Claims, say: Callable[[str], None]) -> Layout:
    """Choose the ports of a new stack and claim them.

    Raises:
        DevstackError: a given port is in use, or none is free.

    """
    peers: list[tuple[int, int]] = []
    if options.kafka:
        for node in range(options.brokers):
            given = None if options.kafka_port is None else options.kafka_port + node
            start = KAFKA_PORT if not peers else peers[-1][0] + 1
            client = _client(claims, [kafka.HOST], given, start, f"kafka-{node + 1}", say)
            peers.append((client, claims.next_free([kafka.HOST], CONTROLLER_PORT, what="Kafka's controller")))
    hosts = [cassandra.address(node) for node in range(1, options.nodes + 1)]
    cql = storage = 0
    if options.cassandra:
        cql = _client(claims, hosts, options.cassandra_port, CASSANDRA_PORT, "cassandra", say)
        storage = claims.next_free(hosts, STORAGE_PORT, what="Cassandra's nodes")
    return Layout(
        cluster_id=base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode(),
        kafka_peers=tuple(peers),
        kafka_heap_mb=options.kafka_heap_mb,
        nodes=options.nodes if options.cassandra else 0,
        cassandra_port=cql,
        storage_port=storage,
        cassandra_heap_mb=options.cassandra_heap_mb,
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


def check_agrees(options: Options, layout: Layout, name: str) -> None:
    """See that a stack that exists is what was asked for.

    Raises:
        DevstackError: it lacks a server that was asked for, or has another port than the given one.

    """
    wrong = None
    if options.kafka and not layout.kafka_peers:
        wrong = "has no Kafka"
    elif options.cassandra and not layout.nodes:
        wrong = "has no Cassandra"
    elif options.kafka and options.kafka_port not in (None, layout.kafka_peers[0][0]):
        wrong = f"has Kafka on port {layout.kafka_peers[0][0]}"
    elif options.cassandra and options.cassandra_port not in (None, layout.cassandra_port):
        wrong = f"has Cassandra on port {layout.cassandra_port}"
    if wrong:
        raise DevstackError(
            f"the stack {name!r} exists already and {wrong}: take it down first, or choose another name"
        )


def check_memory(servers: Iterable[Server]) -> None:
    """See that there is memory for `servers`.

    Raises:
        DevstackError: their heaps do not fit into what is available.

    """
    servers = list(servers)
    heaps = sum(server.heap_mb for server in servers)
    needed = heaps + BESIDE_HEAP_MB * len(servers)
    available = psutil.virtual_memory().available // 2**20
    if needed > available:
        names = ", ".join(server.name for server in servers)
        raise DevstackError(
            f"{names} would need about {needed} MiB of memory (heaps of {heaps} MiB), and {available} MiB are available: "
            "free some, choose smaller heaps, or leave a server out"
        )
