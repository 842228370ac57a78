"""The options of a stack, the layout of a new stack, and checks against an existing stack and the machine.

- Client ports start at 9092 (Kafka) and 9042 (Cassandra), ports between servers at 19092, 29092 (Kafka, of a secure stack) and 7000, ports of metrics at
  9404 and 9504.
- `up` keeps the number of servers of an existing stack. A requested server that it lacks, or a requested port that differs, is an error.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable

import attrs
import psutil

from devstack.errors import DevstackError
from devstack.servers.cassandra_ring import HINT_WINDOW_S
from devstack.servers.server import Server

from .record import Layout

KAFKA_PORT, CONTROLLER_PORT, BROKER_PORT = 9092, 19092, 29092
CASSANDRA_PORT, STORAGE_PORT = 9042, 7000
KAFKA_METRICS_PORT, CASSANDRA_METRICS_PORT = 9404, 9504
BESIDE_HEAP_MB = 200  # memory of a new server outside its heap


@attrs.frozen(kw_only=True)
class Options:
    """The options of a stack. A port of None is the default or the next free one. Heaps are in MiB."""

    kafka: bool
    cassandra: bool
    kafka_port: int | None
    cassandra_port: int | None
    brokers: int = attrs.field(validator=attrs.validators.in_(range(1, 10)))
    nodes: int = attrs.field(validator=attrs.validators.in_(range(1, 10)))
    """At least this many; one for each data centre if there are more data centres."""
    data_centers: int = attrs.field(default=1, validator=attrs.validators.in_(range(1, 10)))
    hint_window_s: int = attrs.field(default=HINT_WINDOW_S, validator=attrs.validators.ge(1))
    kafka_heap_mb: int = attrs.field(validator=attrs.validators.ge(64))
    cassandra_heap_mb: int = attrs.field(validator=attrs.validators.ge(256))
    quick_jit: bool
    secure: bool = False


def new_cluster_id() -> str:
    """Return a random Kafka cluster id: 16 bytes in URL-safe base64, without a leading dash, as Kafka's own tool does."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        if not text.startswith("-"):  # the command line would read it as an option
            return text


def new_layout(options: Options) -> Layout:
    """Return the layout of a new stack with the default ports."""
    brokers = options.brokers if options.kafka else 0
    nodes = max(options.nodes, options.data_centers) if options.cassandra else 0
    return Layout(
        cluster_id=new_cluster_id(),
        kafka_peers=tuple((KAFKA_PORT + i, CONTROLLER_PORT + i) for i in range(brokers)),
        kafka_voters=brokers,
        kafka_metrics_ports=tuple(KAFKA_METRICS_PORT + i for i in range(brokers)),
        kafka_broker_ports=tuple(BROKER_PORT + i for i in range(brokers if options.secure else 0)),
        kafka_heap_mb=options.kafka_heap_mb,
        nodes=nodes,
        founding_nodes=nodes,
        data_centers=options.data_centers,
        hint_window_s=options.hint_window_s,
        cassandra_port=CASSANDRA_PORT,
        storage_port=STORAGE_PORT,
        cassandra_metrics_port=CASSANDRA_METRICS_PORT,
        cassandra_heap_mb=options.cassandra_heap_mb,
        quick_jit=options.quick_jit,
        secure=options.secure,
    )


def check_servers(options: Options, layout: Layout, name: str) -> None:
    """Check that an existing stack has the requested servers.

    Raises:
        DevstackError: it lacks one.

    """
    if options.kafka and not layout.kafka_peers:
        raise _conflict(name, "has no Kafka")
    if options.cassandra and not layout.nodes:
        raise _conflict(name, "has no Cassandra")
    if options.cassandra and options.data_centers > layout.data_centers:
        raise _conflict(name, f"has {layout.data_centers} data centres of Cassandra")
    if options.secure and not layout.secure:
        raise _conflict(name, "is not secure")


def check_ports(options: Options, layout: Layout, name: str) -> None:
    """Check that a running stack uses the requested ports.

    Raises:
        DevstackError: it uses another port.

    """
    if options.kafka and options.kafka_port not in (None, layout.kafka_peers[0][0]):
        raise _conflict(name, f"has Kafka on port {layout.kafka_peers[0][0]}")
    if options.cassandra and options.cassandra_port not in (None, layout.cassandra_port):
        raise _conflict(name, f"has Cassandra on port {layout.cassandra_port}")


def _conflict(name: str, what: str) -> DevstackError:
    return DevstackError(f"the stack {name!r} exists already and {what}: take it down first, or choose another name")


def check_memory(servers: Iterable[Server]) -> None:
    """Check that there is enough memory for `servers`.

    Raises:
        DevstackError: they need more than is available.

    """
    servers = list(servers)
    heaps = sum(server.heap_mb for server in servers)
    needed = heaps + BESIDE_HEAP_MB * len(servers)
    available = psutil.virtual_memory().available // 2**20
    if needed > available:
        names = ", ".join(server.name for server in servers)
        raise DevstackError(
            f"{names} need about {needed} MiB of memory (heaps of {heaps} MiB), and {available} MiB are available: "
            "free memory, choose smaller heaps, or start fewer servers"
        )
