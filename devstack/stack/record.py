"""The record of a stack, `stack.json` in its folder: the layout of its servers and their processes.

- The file is replaced atomically before the first process starts and after each start, so `down` finds every process,
  whatever ended `up`.
- A folder without this file is not a stack, and its files are not changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import attrs

from devstack.servers.cassandra import CassandraNode
from devstack.servers.cassandra_ring import Ring
from devstack.servers.kafka import KafkaBroker
from devstack.servers.kafka_security import BrokerSecurity
from devstack.servers.secrets import Secrets
from devstack.servers.server import Server

from .process import ServerProcess

FILE = "stack.json"


@attrs.frozen(kw_only=True)
class Layout:
    """The ports and heaps of a stack's servers. Without `kafka_peers` there is no Kafka; with 0 `nodes` there is no Cassandra."""

    cluster_id: str
    kafka_peers: tuple[tuple[int, int], ...]
    kafka_voters: int
    """The brokers with which the stack was made, which are its controllers; those after them were added."""
    kafka_metrics_ports: tuple[int, ...]
    kafka_broker_ports: tuple[int, ...]
    """Those between brokers, of a secure stack alone: otherwise they use the ports for clients."""
    kafka_heap_mb: int
    nodes: int
    founding_nodes: int
    """Those that started together; the others were added later."""
    data_centers: int
    hint_window_s: int
    cassandra_port: int
    storage_port: int
    cassandra_metrics_port: int
    cassandra_heap_mb: int
    quick_jit: bool
    secure: bool

    @property
    def ring(self) -> Ring:
        """The nodes of Cassandra."""
        return Ring(
            nodes=self.nodes,
            founders=self.founding_nodes,
            data_centers=self.data_centers,
            hint_window_s=self.hint_window_s,
        )

    def servers(self, folder: Path) -> dict[str, Server]:
        """Return the servers by name. Their folders are below `folder`."""
        secrets = self.secrets(folder)
        security = BrokerSecurity(secrets=secrets, broker_ports=self.kafka_broker_ports) if secrets else None
        servers: list[Server] = [
            KafkaBroker(
                node=node,
                peers=self.kafka_peers,
                voters=self.kafka_voters,
                metrics_port=self.kafka_metrics_ports[node - 1],
                cluster_id=self.cluster_id,
                folder=folder / f"kafka-{node}",
                heap_mb=self.kafka_heap_mb,
                quick_jit=self.quick_jit,
                security=security,
            )
            for node in range(1, len(self.kafka_peers) + 1)
        ]
        servers += [
            CassandraNode(
                node=node,
                ring=self.ring,
                port=self.cassandra_port,
                storage_port=self.storage_port,
                metrics_port=self.cassandra_metrics_port,
                cluster_name=f"tapeline-{self.cluster_id}",
                folder=folder / f"cassandra-{node}",
                heap_mb=self.cassandra_heap_mb,
                quick_jit=self.quick_jit,
                secrets=secrets,
            )
            for node in range(1, self.nodes + 1)
        ]
        return {server.name: server for server in servers}

    def secrets(self, folder: Path) -> Secrets | None:
        """Return the secrets of a secure stack, below `folder`; None for a plain stack."""
        return Secrets(folder=folder / "secrets") if self.secure else None


@attrs.frozen(kw_only=True)
class Record:
    """A recorded stack. `running` holds each started process by the name of its server, also when it has ended."""

    layout: Layout
    running: Mapping[str, ServerProcess]

    def alive(self, name: str) -> ServerProcess | None:
        """Return the process of a server; None when it does not run."""
        found = self.running.get(name)
        return found if found is not None and found.alive else None

    def write(self, folder: Path) -> None:
        """Write the record to `folder`."""
        new = folder / f"{FILE}.new"
        new.write_text(json.dumps(attrs.asdict(self), indent=2) + "\n", "utf-8")
        new.replace(folder / FILE)


def read_record(folder: Path) -> Record | None:
    """Return the record in `folder`; None when there is none."""
    try:
        data = json.loads((folder / FILE).read_text("utf-8"))
    except FileNotFoundError:
        return None
    layout = data["layout"]
    layout["kafka_peers"] = tuple((client, controller) for client, controller in layout["kafka_peers"])
    layout["kafka_metrics_ports"] = tuple(layout["kafka_metrics_ports"])
    layout["kafka_broker_ports"] = tuple(layout["kafka_broker_ports"])
    running = {name: ServerProcess(**process) for name, process in data["running"].items()}
    return Record(layout=Layout(**layout), running=running)
