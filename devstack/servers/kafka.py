"""A Kafka broker in KRaft mode: broker and controller in one process, without ZooKeeper.

- Node ids start at 1. The brokers with which a cluster starts are its voters, and no other broker is one.
- A broker that joins later is no controller.
- Internal topics, and topics created without a replication factor, have min(3, voters) replicas; with three, two must be in sync.
- Topics are not created automatically. Other settings keep Kafka's default, except those that delay a small machine.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import attrs

from devstack.jars import classpath

from .java import java_command
from .jmx_exporter import agent_option
from .kafka_security import BrokerSecurity, administrator_context
from .probes import kafka_brokers
from .server import java_options

HOST = "127.0.0.1"

_LOG4J = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1} %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""

_LOG4J_AUDIT = """\
appender.audit.type = File
appender.audit.name = audit
appender.audit.fileName = {file}
appender.audit.layout.type = PatternLayout
appender.audit.layout.pattern = %d{{ISO8601}} %m%n
logger.audit.name = kafka.authorizer.logger
logger.audit.level = info
logger.audit.additivity = false
logger.audit.appenderRef.audit.ref = audit
"""

AUDIT_LOG = "authorizer.log"
"""The file in a secure broker's folder that has one line for each denied operation."""


@attrs.frozen(kw_only=True)
class KafkaBroker:
    """One broker of a cluster. `peers` holds the (client port, controller port) of every node, ordered by node id."""

    node: int
    peers: tuple[tuple[int, int], ...]
    voters: int
    """How many of the peers, the first ones, are controllers."""
    metrics_port: int
    cluster_id: str
    folder: Path
    heap_mb: int
    quick_jit: bool
    security: BrokerSecurity | None = None
    """None in a plain cluster."""

    @property
    def name(self) -> str:
        """`kafka-<node>`."""
        return f"kafka-{self.node}"

    @property
    def host(self) -> str:
        """The loopback address."""
        return HOST

    @property
    def port(self) -> int:
        """The port for clients."""
        return self.peers[self.node - 1][0]

    @property
    def inner_ports(self) -> tuple[int, ...]:
        """The port for controllers, if it is one, and, in a secure cluster, the port for brokers."""
        return *self._controller_port, *self._broker_port

    def properties(self) -> dict[str, str]:
        """Return the broker's settings."""
        replicas = min(3, self.voters)
        in_sync = 2 if replicas == 3 else 1
        controller_port = self.peers[self.node - 1][1]
        voters = ",".join(f"{node}@{HOST}:{port}" for node, (_, port) in enumerate(self.peers[: self.voters], start=1))
        listeners = [
            f"PLAINTEXT://{HOST}:{self.port}",
            *(f"CONTROLLER://{HOST}:{port}" for port in self._controller_port),
        ]
        settings: dict[str, object] = {
            "process.roles": "broker,controller" if self._controller_port else "broker",
            "node.id": self.node,
            "controller.quorum.voters": voters,
            "controller.listener.names": "CONTROLLER",
            "listeners": ",".join(listeners),
            "advertised.listeners": f"PLAINTEXT://{HOST}:{self.port}",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": self.folder / "data",
            "auto.create.topics.enable": "false",
            "default.replication.factor": replicas,
            "min.insync.replicas": in_sync,
            "offsets.topic.num.partitions": 4,
            "offsets.topic.replication.factor": replicas,
            "transaction.state.log.num.partitions": 4,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": in_sync,
            "share.coordinator.state.topic.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": 0,
            "num.network.threads": 2,
            "num.io.threads": 4,
            "background.threads": 2,
            # Its default of 128 MiB would be a quarter of the heap.
            "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
        }
        if self.security is not None:
            settings |= self.security.properties(
                node=self.node, host=HOST, client_port=self.port, controller_port=controller_port
            )
        return {key: str(value) for key, value in settings.items()}

    def prepare(self) -> None:
        """Write server.properties and the settings of the log."""
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True)
        lines = (f"{key}={value}\n" for key, value in self.properties().items())
        (self.folder / "server.properties").write_text("".join(lines), "utf-8")
        audit = "" if self.security is None else _LOG4J_AUDIT.format(file=self.folder / AUDIT_LOG)
        (self.folder / "log4j2.properties").write_text(_LOG4J + audit, "utf-8")

    def command(self) -> Sequence[str]:
        """Return the command that runs the broker, and formats a new data folder first."""
        java = [
            str(java_command()),
            *java_options(folder=self.folder, heap_mb=self.heap_mb, quick_jit=self.quick_jit),
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
            "-cp",
            os.pathsep.join(map(str, classpath("kafka"))),
        ]
        settings = str(self.folder / "server.properties")
        serve = [java[0], agent_option("kafka", self.host, self.metrics_port), *java[1:], "kafka.Kafka", settings]
        if (self.folder / "data" / "meta.properties").exists():
            return serve
        quick = [java[0], "-XX:TieredStopAtLevel=1", *java[1:]]
        prepare = [*quick, "kafka.tools.StorageTool", "format", "-t", self.cluster_id, "-c", settings]
        return ["/bin/sh", "-c", f"{shlex.join(prepare)} && exec {shlex.join(serve)}"]

    def is_ready(self, *, with_peers: bool) -> bool:
        """Return whether its answer to a metadata request contains itself or, `with_peers`, every broker."""
        wanted = set(range(1, len(self.peers) + 1)) if with_peers else {self.node}
        if self.security is None:
            return wanted <= kafka_brokers(self.host, self.port)
        [port] = self._broker_port
        return wanted <= kafka_brokers(self.host, port, administrator_context(self.security.secrets))

    @property
    def _controller_port(self) -> tuple[int, ...]:
        return (self.peers[self.node - 1][1],) if self.node <= self.voters else ()

    @property
    def _broker_port(self) -> tuple[int, ...]:
        return () if self.security is None else (self.security.broker_ports[self.node - 1],)
