"""Prometheus, Alertmanager and the node exporter as servers of a stack: native programs from PATH.

- They listen on the loopback address and write in their folders only. They have no Java heap and no port for peers: both are 0.
- `devstack.stack.monitoring` writes their configuration before they start.
"""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import attrs

from devstack.errors import DevstackError

HOST = "127.0.0.1"
TIMEOUT_S = 2.0

Kind = Literal["prometheus", "alertmanager", "node-exporter"]

_PROGRAMS: dict[Kind, Sequence[str]] = {  # Debian's name first
    "prometheus": ("prometheus",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
    "node-exporter": ("prometheus-node-exporter", "node_exporter"),
}


def program(kind: Kind) -> str:
    """Return the path of a program.

    Raises:
        DevstackError: the program is not installed; the text says how to install it.

    """
    for name in _PROGRAMS[kind]:
        if found := shutil.which(name):
            return found
    raise DevstackError(
        f"{kind} is not installed: on Debian and Ubuntu, `apt-get install prometheus prometheus-alertmanager prometheus-node-exporter`; "
        "elsewhere take prometheus, alertmanager and node_exporter from https://prometheus.io/download and put them on the PATH"
    )


def require_programs() -> None:
    """Check that all three programs are installed.

    Raises:
        DevstackError: one is not installed.

    """
    for kind in _PROGRAMS:
        program(kind)


@attrs.frozen(kw_only=True)
class MonitoringProgram:
    """One of the three programs. `arguments` are its options besides the listen address and the log level."""

    name: Kind
    port: int
    folder: Path
    arguments: tuple[str, ...]
    ready_path: str

    @property
    def host(self) -> str:
        """The loopback address."""
        return HOST

    @property
    def inner_ports(self) -> tuple[int, ...]:
        """Always empty: it has no peers."""
        return ()

    @property
    def metrics_port(self) -> int:
        """The same as `port`."""
        return self.port

    @property
    def heap_mb(self) -> int:
        """Always 0: it does not run on Java."""
        return 0

    def prepare(self) -> None:
        """Create its folder."""
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True)

    def command(self) -> Sequence[str]:
        """Return the command that runs the program."""
        return [program(self.name), f"--web.listen-address={HOST}:{self.port}", "--log.level=warn", *self.arguments]

    def is_ready(self, *, with_peers: bool) -> bool:  # noqa: ARG002 - it has no peers
        """Return whether its readiness endpoint answers 200."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}{self.ready_path}", timeout=TIMEOUT_S) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False


def prometheus(folder: Path, port: int, config: Path) -> MonitoringProgram:
    """Return a Prometheus that keeps three days of data."""
    arguments = (
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=3d",
    )
    return MonitoringProgram(name="prometheus", port=port, folder=folder, arguments=arguments, ready_path="/-/ready")


def alertmanager(folder: Path, port: int, config: Path) -> MonitoringProgram:
    """Return an Alertmanager that is not part of a cluster."""
    arguments = (f"--config.file={config}", f"--storage.path={folder / 'data'}", "--cluster.listen-address=")
    return MonitoringProgram(name="alertmanager", port=port, folder=folder, arguments=arguments, ready_path="/-/ready")


def node_exporter(folder: Path, port: int) -> MonitoringProgram:
    """Return a node exporter that exports metrics of file systems only."""
    arguments = ("--collector.disable-defaults", "--collector.filesystem")
    return MonitoringProgram(name="node-exporter", port=port, folder=folder, arguments=arguments, ready_path="/metrics")
