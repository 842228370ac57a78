"""A stack of real servers under one name: up, down, and one server at a time for fault tests.

- All that is known of a stack is in its folder, so any process may take down what another has brought up.
- `up` returns when clients can use every server. When it fails or is interrupted, what it started is gone again.
- `down` leaves no process and no file, unless told to keep the data.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs

from devstack.errors import DevstackError
from devstack.servers import cassandra
from devstack.servers.server import Server

from . import plan
from .folder import check_name, locked, remove
from .launch import launch, stop_all, uninterrupted
from .port_allocation import claim_again, ports_of, record_to_start
from .ports import Claims
from .process import Running
from .record import Layout, Record, read_record
from .status import ServerStatus, status_of

GRACE_S = 30.0  # to end tidily, when the data is kept
GRACE_WITHOUT_DATA_S = 5.0


def _quiet(text: str) -> None:
    """Say nothing."""


class Stack:
    """Kafka and Cassandra under `home`/`name`; `home` is `.devstack` of the current folder unless given.

    Ports of None mean 9092 and 9042 or the next free ones; a given Kafka port is the first broker's, others follow it.
    Heaps are in MiB. `quick_jit` trades speed at full load for a quick start. `say` receives lines about what is going on.
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
        quick_jit: bool = False,
        say: Callable[[str], None] = _quiet,
    ) -> None:
        self.name = check_name(name)
        self.folder = Path(home or ".devstack").absolute() / name
        self._say = say
        try:
            self._options = plan.Options(
                kafka=kafka,
                cassandra=cassandra,
                kafka_port=kafka_port,
                cassandra_port=cassandra_port,
                brokers=brokers,
                nodes=nodes,
                kafka_heap_mb=kafka_heap_mb,
                cassandra_heap_mb=cassandra_heap_mb,
                quick_jit=quick_jit,
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

    @property
    def bootstrap_servers(self) -> str:
        """The brokers' addresses, as Kafka clients take them."""
        return ",".join(f"127.0.0.1:{client}" for client, _ in self._layout().kafka_peers)

    @property
    def cassandra_hosts(self) -> list[str]:
        """The addresses of Cassandra's nodes."""
        return [cassandra.address(node) for node in range(1, self._layout().nodes + 1)]

    @property
    def cassandra_port(self) -> int:
        """The port of every Cassandra node."""
        return self._layout().cassandra_port

    @property
    def cassandra_datacenter(self) -> str:
        """The data centre of every Cassandra node."""
        return cassandra.DATACENTER

    @property
    def metrics_targets(self) -> dict[str, str]:
        """Where each server answers `/metrics`, by its name, as `host:port`."""
        servers = self._layout().servers(self.folder).values()
        return {server.name: f"{server.host}:{server.metrics_port}" for server in servers}

    @property
    def ports(self) -> set[int]:
        """All that its servers listen on."""
        return {port for server in self._layout().servers(self.folder).values() for port in ports_of(server)}

    def up(self) -> None:
        """Start what does not run yet, and return when clients can use every server.

        Raises:
            DevstackError: a port, memory, Java or the network is missing, or a server ended; nothing is left running.

        """
        with locked(self.folder, make=True), Claims() as claims:
            before = read_record(self.folder)
            try:
                record = record_to_start(before, self._options, self.folder, claims, self._say)
                servers = record.layout.servers(self.folder).values()
                missing = [server for server in servers if record.alive(server.name) is None]
                if not missing:
                    self._say(f"the stack {self.name!r} is running already")
                    return
                plan.check_memory(missing)
                launch(missing, record, self.folder, self._say, with_peers=True)
            except BaseException:
                if before is None:
                    with uninterrupted():
                        remove(self.folder)
                raise

    def down(self, keep_data: bool = False) -> None:
        """End every server, and remove the stack's folder unless `keep_data`. Nothing to end is fine."""
        with locked(self.folder, make=False) as exists:
            record = read_record(self.folder) if exists else None
            if record is None:
                self._say(f"there is no stack {self.name!r} in {self.folder.parent}")
            else:
                stop_all(record.running.values(), GRACE_S if keep_data else GRACE_WITHOUT_DATA_S)
                attrs.evolve(record, running={}).write(self.folder)
                self._say(f"the stack {self.name!r} is down{', its data is kept' if keep_data else ''}")
            if exists and not keep_data:
                remove(self.folder)

    def status(self) -> list[ServerStatus]:
        """Return how each server is; nothing for a stack that does not exist."""
        record = read_record(self.folder)
        if record is None:
            return []
        return [status_of(server, record) for server in record.layout.servers(self.folder).values()]

    def log_file(self, service: str) -> Path:
        """Return the log file of one server."""
        return self._server(service).folder / "server.log"

    def start(self, service: str) -> None:
        """Start one server that is down, on its own data and ports, and return when it serves."""
        with locked(self.folder, make=False), Claims() as claims:
            server, record = self._server(service), self._record()
            if record.alive(service) is None:
                claim_again([server], claims)
                launch([server], record, self.folder, self._say, with_peers=False)

    def stop(self, service: str) -> None:
        """End one server tidily; its data stays."""
        self._server(service)
        if running := self._record().alive(service):
            running.stop(GRACE_S)

    def kill(self, service: str) -> None:
        """End one server at once, as a crash would; its data stays."""
        self._server(service)
        if running := self._record().alive(service):
            running.kill()

    def pause(self, service: str) -> None:
        """Freeze one server: its connections stay open and nothing answers."""
        self._alive(service).pause()

    def resume(self, service: str) -> None:
        """Let a frozen server go on."""
        self._alive(service).send(signal.SIGCONT)

    def _alive(self, service: str) -> Running:
        self._server(service)
        running = self._record().alive(service)
        if running is None:
            raise DevstackError(f"{service} is down")
        return running

    def _record(self) -> Record:
        record = read_record(self.folder)
        if record is None:
            raise DevstackError(f"there is no stack {self.name!r} in {self.folder.parent}: bring it up first")
        return record

    def _layout(self) -> Layout:
        return self._record().layout

    def _server(self, service: str) -> Server:
        servers = self._layout().servers(self.folder)
        if service not in servers:
            raise DevstackError(
                f"no server named {service!r} in the stack {self.name!r}; there are {', '.join(servers)}"
            )
        return servers[service]
