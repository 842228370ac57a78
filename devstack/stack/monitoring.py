"""Prometheus, Alertmanager and a node exporter beside a stack that is up.

- They are recorded like the stack's own servers: `down` stops them and removes their data.
- Prometheus scrapes the stack's servers and the programs that the caller names. This list may change while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from devstack.errors import DevstackError
from devstack.servers import monitoring_programs
from devstack.servers.monitoring_programs import HOST, MonitoringProgram

from .folder import locked
from .launch import launch, stop_all
from .monitoring_config import DEPLOY, MonitoringOptions, Target, write_config, write_targets
from .ports import Claims
from .record import read_record
from .stack import Stack

PROMETHEUS_PORT, ALERTMANAGER_PORT, NODE_EXPORTER_PORT = 9090, 9093, 9100
GRACE_S = 10.0


def require_monitoring(deploy: Path = DEPLOY) -> None:
    """Check that the programs and the folder of rules exist.

    Raises:
        DevstackError: a program or the folder is missing.

    """
    monitoring_programs.require_programs()
    if not (deploy / "prometheus" / "rules").is_dir():
        raise DevstackError(f"there are no rules in {deploy}: monitoring needs a checkout of tapeline")


class Monitoring:
    """Prometheus, Alertmanager and a node exporter for `stack`, which must be up."""

    def __init__(
        self, stack: Stack, options: MonitoringOptions, *, report: Callable[[str], None] = lambda _text: None
    ) -> None:
        self._stack = stack
        self._options = options
        self._report = report
        self._folder = stack.folder / "monitoring"
        self._ports: dict[str, int] = {}

    @property
    def prometheus_url(self) -> str:
        """The URL of Prometheus; available after `start`."""
        return f"http://{HOST}:{self._ports['prometheus']}"

    @property
    def alertmanager_url(self) -> str:
        """The URL of Alertmanager; available after `start`."""
        return f"http://{HOST}:{self._ports['alertmanager']}"

    @property
    def ready_urls(self) -> Mapping[str, str]:
        """The URL of each program that answers 200 while the program is ready, by its name; available after `start`."""
        return {server.name: f"http://{HOST}:{server.port}{server.ready_path}" for server in self._servers()}

    def start(self, targets: Iterable[Target] = ()) -> None:
        """Start the three programs, and return when they are ready.

        Raises:
            DevstackError: a program, a port or a template is missing, or a program ended. All of them are stopped.

        """
        require_monitoring(self._options.deploy)
        with locked(self._stack.folder, make=False) as exists, Claims() as claims:
            record = read_record(self._stack.folder) if exists else None
            if record is None:
                raise DevstackError(f"there is no stack {self._stack.name!r} to monitor: bring it up first")
            self._ports = {
                "prometheus": _port(claims, self._options.prometheus_port, PROMETHEUS_PORT, "Prometheus"),
                "alertmanager": _port(claims, self._options.alertmanager_port, ALERTMANAGER_PORT, "Alertmanager"),
                "node-exporter": _port(claims, None, NODE_EXPORTER_PORT, "the node exporter"),
            }
            write_config(
                self._folder,
                self._options,
                prometheus_port=self._ports["prometheus"],
                alertmanager_port=self._ports["alertmanager"],
            )
            self.watch(targets)
            launch(self._servers(), record, self._stack.folder, self._report, with_peers=False)

    def watch(self, targets: Iterable[Target]) -> None:
        """Let Prometheus scrape these programs and the stack's servers, from its next reading of the list on."""
        every = [
            *targets,
            Target(job="node", address=f"{HOST}:{self._ports['node-exporter']}"),
            Target(job="alertmanager", address=f"{HOST}:{self._ports['alertmanager']}"),
        ]
        for name, address in self._stack.metrics_targets.items():
            every.append(Target(job=name.rpartition("-")[0], address=address, labels={"server": name}))
        write_targets(self._folder / "targets.json", (target for target in every if not target.is_protected))
        write_targets(self._folder / "protected.json", (target for target in every if target.is_protected))

    def close(self) -> None:
        """Stop the programs; a second call does nothing. Their data is removed with the stack."""
        record = read_record(self._stack.folder)
        running = record.running if record else {}
        stop_all((running[name] for name in self._ports if name in running), GRACE_S)

    def _servers(self) -> list[MonitoringProgram]:
        return [
            monitoring_programs.prometheus(
                self._folder / "prometheus", self._ports["prometheus"], self._folder / "prometheus.yml"
            ),
            monitoring_programs.alertmanager(
                self._folder / "alertmanager", self._ports["alertmanager"], self._folder / "alertmanager.yml"
            ),
            monitoring_programs.node_exporter(self._folder / "node-exporter", self._ports["node-exporter"]),
        ]


def _port(claims: Claims, requested: int | None, default: int, what: str) -> int:
    return (
        claims.next_free([HOST], default, what=what)
        if requested is None
        else claims.claim([HOST], requested, what=what)
    )
