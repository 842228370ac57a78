"""A stack as its record describes it: the addresses, the state and the logs of its servers.

Nothing here changes a stack, so any process may look at the stack of another one.
"""

from __future__ import annotations

from pathlib import Path

from devstack.errors import DevstackError
from devstack.servers.cassandra_ring import address
from devstack.servers.secrets import Secrets
from devstack.servers.server import Server

from .folder import check_name
from .port_allocation import ports_of
from .record import Layout, Record, read_record
from .status import ServerStatus, status_of


class RecordedStack:
    """The stack in the folder `home`/`name`; the default `home` is `.devstack` in the working directory.

    All but `status` raise DevstackError if there is no such stack, or no such server.
    """

    def __init__(self, name: str = "default", home: Path | str | None = None) -> None:
        self.name = check_name(name)
        self.folder = Path(home or ".devstack").absolute() / name

    @property
    def bootstrap_servers(self) -> str:
        """The brokers' addresses, in the format of `bootstrap.servers`."""
        return ",".join(f"127.0.0.1:{client}" for client, _ in self._layout().kafka_peers)

    @property
    def cassandra_hosts(self) -> list[str]:
        """The addresses of the Cassandra nodes."""
        return [address(node) for node in range(1, self._layout().nodes + 1)]

    @property
    def cassandra_port(self) -> int:
        """The port of every Cassandra node."""
        return self._layout().cassandra_port

    @property
    def cassandra_datacenter(self) -> str:
        """The data centre of the first Cassandra node."""
        return self._layout().ring.data_center(1)

    @property
    def cassandra_data_centers(self) -> dict[str, list[str]]:
        """The addresses of the Cassandra nodes by data centre."""
        return self._layout().ring.hosts

    @property
    def metrics_targets(self) -> dict[str, str]:
        """The `host:port` of each server's `/metrics`, by the name of the server."""
        servers = self._layout().servers(self.folder).values()
        return {server.name: f"{server.host}:{server.metrics_port}" for server in servers}

    @property
    def ports(self) -> set[int]:
        """All ports that the servers listen on."""
        return {port for server in self._layout().servers(self.folder).values() for port in ports_of(server)}

    @property
    def secrets(self) -> Secrets | None:
        """The secrets of a secure stack; None for a plain stack."""
        return self._layout().secrets(self.folder)

    def status(self) -> list[ServerStatus]:
        """Return the status of each server; an empty list when there is no stack."""
        record = read_record(self.folder)
        if record is None:
            return []
        return [status_of(server, record) for server in record.layout.servers(self.folder).values()]

    def log_file(self, service: str) -> Path:
        """Return the log file of one server."""
        return self._server(service).folder / "server.log"

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
