"""Prometheus, Alertmanager and the node exporter as servers of a stack: native programs, found on the PATH.

- They listen on the loopback address and keep everything below their folder. Heaps, peers and inner ports are Java's and Kafka's: 0 here.
- What configures them is written by `monitoring` before they start.
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
        DevstackError: it is not installed; the text tells how to get it.

    """
    for name in _PROGRAMS[kind]:
        if found := shutil.which(name):
            return found
    raise DevstackError(
        f"{kind} is not installed: on Debian and Ubuntu, `apt-get install prometheus prometheus-alertmanager prometheus-node-exporter`; "
        "elsewhere take prometheus, alertmanager and node_exporter from https://prometheus.io/download and put them on the PATH"
    )


def require_programs() -> None:
    """See that all of them are installed.

    Raises:
        DevstackError: one is not.

    """
    for kind in _PROGRAMS:
        program(kind)


@attrs.frozen(kw_only=True)
class MonitoringProgram:
    """One of the three; `arguments` are its own, beside where it listens."""

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
    def inner_port(self) -> int:
        """None."""
        return 0

    @property
    def metrics_port(self) -> int:
        """The same port."""
        return self.port

    @property
    def heap_mb(self) -> int:
        """None."""
        return 0

    def prepare(self) -> None:
        """Make its folder."""
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True)

    def command(self) -> Sequence[str]:
        """Return the command that runs it."""
        return [program(self.name), f"--web.listen-address={HOST}:{self.port}", "--log.level=warn", *self.arguments]

    def serves(self, *, with_peers: bool) -> bool:  # noqa: ARG002 - it has none
        """Tell whether it says that it is ready."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}{self.ready_path}", timeout=TIMEOUT_S) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False


def prometheus(folder: Path, port: int, config: Path) -> MonitoringProgram:
    """Describe a Prometheus that keeps three days."""
    arguments = (
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=3d",
    )
    return MonitoringProgram(name="prometheus", port=port, folder=folder, arguments=arguments, ready_path="/-/ready")


def alertmanager(folder: Path, port: int, config: Path) -> MonitoringProgram:
    """Describe an Alertmanager without a cluster."""
    arguments = (f"--config.file={config}", f"--storage.path={folder / 'data'}", "--cluster.listen-address=")
    return MonitoringProgram(name="alertmanager", port=port, folder=folder, arguments=arguments, ready_path="/-/ready")


def node_exporter(folder: Path, port: int) -> MonitoringProgram:
    """Describe a node exporter that tells of disks that can be written, and of nothing else."""
    arguments = ("--collector.disable-defaults", "--collector.filesystem")
    return MonitoringProgram(name="node-exporter", port=port, folder=folder, arguments=arguments, ready_path="/metrics")
