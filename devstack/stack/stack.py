"""A stack of real servers under one name: bring it up and down, and stop or start single servers in fault tests.

- All data of a stack is in its folder, so any process can take down a stack that another process brought up.
- `up` returns when clients can use every server. When it fails or is interrupted, it stops every server that it started.
- `down` leaves no process, and no file unless `keep_data` is set.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs

from devstack.errors import DevstackError
from devstack.servers.cassandra_ring import HINT_WINDOW_S
from devstack.servers.secrets import Secrets
from devstack.servers.server import Server

from . import plan
from .folder import locked, remove
from .growth import check_broker_can_join, check_node_can_join, with_another_broker, with_another_node
from .launch import launch, signals_deferred, stop_all
from .port_allocation import reclaim_ports, record_to_start
from .ports import Claims
from .process import ServerProcess
from .provisioning import provision
from .record import Layout, Record, read_record
from .recorded_stack import RecordedStack

GRACE_S = 30.0  # for an orderly shutdown when the data is kept
GRACE_WITHOUT_DATA_S = 5.0


def _ignore(text: str) -> None:
    """Ignore a progress line."""


class Stack(RecordedStack):
    """Kafka and Cassandra in the folder `home`/`name`; the default `home` is `.devstack` in the working directory.

    A port of None is 9092 or 9042, or the next free one. `kafka_port` is the port of the first broker; the ports of the others follow.
    Heaps are in MiB. `quick_jit` makes the start faster and full load slower.
    `data_centers` of Cassandra have at least one node each; `hint_window_s` is how long nodes store hints for a node that is down.
    `secure` makes a stack with TLS, users and rights. `report` receives lines about the progress.
    """

    def __init__(
        self,
        name: str = "default",
        home: Path | str | None = None,
        kafka: bool = True,
        cassandra: bool = True,
        kafka_port: int | None = None,
        cassandra_port: int | None = None,
        brokers: int = 1,
        nodes: int = 1,
        kafka_heap_mb: int = 512,
        cassandra_heap_mb: int = 1024,
        *,
        data_centers: int = 1,
        hint_window_s: int = HINT_WINDOW_S,
        quick_jit: bool = False,
        secure: bool = False,
        report: Callable[[str], None] = _ignore,
    ) -> None:
        super().__init__(name, home)
        self._report = report
        try:
            self._options = plan.Options(
                kafka=kafka,
                cassandra=cassandra,
                kafka_port=kafka_port,
                cassandra_port=cassandra_port,
                brokers=brokers,
                nodes=nodes,
                data_centers=data_centers,
                hint_window_s=hint_window_s,
                kafka_heap_mb=kafka_heap_mb,
                cassandra_heap_mb=cassandra_heap_mb,
                quick_jit=quick_jit,
                secure=secure,
            )
        except ValueError as error:
            raise DevstackError(f"out of range: {error.args[0]}") from error

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def up(self) -> None:
        """Start the servers that do not run, and return when clients can use all servers.

        Raises:
            DevstackError: a port, memory, Java or the network is missing, or a server ended. The servers of this start are stopped.

        """
        with locked(self.folder, make=True), Claims() as claims:
            before = read_record(self.folder)
            try:
                record = record_to_start(before, self._options, self.folder, claims, self._report)
                servers = record.layout.servers(self.folder).values()
                missing = [server for server in servers if record.alive(server.name) is None]
                if not missing:
                    self._report(f"the stack {self.name!r} is already running")
                    return
                plan.check_memory(missing)
                secrets = record.layout.secrets(self.folder)
                if secrets is not None:
                    record.write(self.folder)  # a folder without a record is not a stack
                    secrets.make({server.name: server.host for server in servers})
                launch(missing, record, self.folder, self._report, with_peers=True)
                if secrets is not None:
                    self._provision(list(servers), secrets)
            except BaseException:
                if before is None:
                    with signals_deferred():
                        remove(self.folder)
                raise

    def _provision(self, servers: Sequence[Server], secrets: Secrets) -> None:
        try:
            provision(servers, secrets)
        except BaseException:
            with signals_deferred():
                stop_all(self._record().running.values(), 0)
            raise
        self._report(f"its users and their passwords are in {secrets.folder}")

    def down(self, keep_data: bool = False) -> None:
        """Stop every server, and remove the stack's folder unless `keep_data`. Do nothing when there is no stack."""
        with locked(self.folder, make=False) as exists:
            record = read_record(self.folder) if exists else None
            if record is None:
                self._report(f"there is no stack {self.name!r} in {self.folder.parent}")
            else:
                stop_all(record.running.values(), GRACE_S if keep_data else GRACE_WITHOUT_DATA_S)
                attrs.evolve(record, running={}).write(self.folder)
                self._report(f"the stack {self.name!r} is down{'; its data is kept' if keep_data else ''}")
            if exists and not keep_data:
                remove(self.folder)

    def start(self, service: str) -> None:
        """Start one server that is down, with its data and ports, and return when clients can use it."""
        with locked(self.folder, make=False), Claims() as claims:
            server, record = self._server(service), self._record()
            if record.alive(service) is None:
                reclaim_ports([server], claims)
                launch([server], record, self.folder, self._report, with_peers=False)

    def add_node(self) -> str:
        """Add a Cassandra node to the running ring, and return its name when it has streamed its rows and joined.

        Raises:
            DevstackError: it cannot or did not join. The stack is as before.

        """
        with locked(self.folder, make=False), Claims() as claims:
            before = self._record()
            check_node_can_join(before)
            layout = with_another_node(before.layout, claims)
            added = layout.servers(self.folder)[f"cassandra-{layout.nodes}"]
            self._add(added, layout, before)
        return added.name

    def add_broker(self) -> str:
        """Add a broker to the running cluster, and return its name. It has no partitions until some are assigned to it.

        Raises:
            DevstackError: it cannot or did not join. The stack is as before.

        """
        with locked(self.folder, make=False), Claims() as claims:
            before = self._record()
            check_broker_can_join(before)
            layout = with_another_broker(before.layout, claims)
            added = layout.servers(self.folder)[f"kafka-{len(layout.kafka_peers)}"]
            self._add(added, layout, before)
        return added.name

    def _add(self, added: Server, layout: Layout, before: Record) -> None:
        plan.check_memory([added])
        try:
            launch([added], attrs.evolve(before, layout=layout), self.folder, self._report, with_peers=True)
        except BaseException:
            with signals_deferred():
                before.write(self.folder)
                remove(added.folder)
            raise

    def stop(self, service: str) -> None:
        """Shut one server down in order. Its data is kept."""
        self._server(service)
        if running := self._record().alive(service):
            running.stop(GRACE_S)

    def kill(self, service: str) -> None:
        """Kill one server, as a crash would. Its data is kept."""
        self._server(service)
        if running := self._record().alive(service):
            running.kill()

    def pause(self, service: str) -> None:
        """Pause one server: its connections stay open, and it does not answer."""
        self._alive(service).pause()

    def resume(self, service: str) -> None:
        """Resume a paused server."""
        self._alive(service).send(signal.SIGCONT)

    def _alive(self, service: str) -> ServerProcess:
        self._server(service)
        running = self._record().alive(service)
        if running is None:
            raise DevstackError(f"{service} is down")
        return running
