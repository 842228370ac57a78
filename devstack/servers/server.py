"""The interface of a server of a stack: its addresses, its configuration files, its command and its readiness check.

- A `Server` is a value made from the stack's options. Only `prepare` writes files.
- All files of a server are in its folder: configuration, data, log, and temporary files of the JVM and of native libraries.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class Server(Protocol):
    """A Kafka broker, a Cassandra node or a monitoring program."""

    @property
    def name(self) -> str:
        """Its name in the stack, such as `kafka-1`."""

    @property
    def host(self) -> str:
        """The address that the server listens on."""

    @property
    def port(self) -> int:
        """The port for clients."""

    @property
    def inner_ports(self) -> tuple[int, ...]:
        """The ports for its peers, at the same address."""

    @property
    def metrics_port(self) -> int:
        """The port that serves `/metrics`, at the same address."""

    @property
    def folder(self) -> Path:
        """The folder of all its files."""

    @property
    def heap_mb(self) -> int:
        """Its Java heap in MiB; 0 when it does not run on Java."""

    def prepare(self) -> None:
        """Write the configuration files. Existing data is not changed."""

    def command(self) -> Sequence[str]:
        """Return the program and its arguments; the working directory is `folder`."""

    def is_ready(self, *, with_peers: bool) -> bool:
        """Return whether the server answers its clients' protocol and, `with_peers`, also knows all its peers."""


def java_options(*, folder: Path, heap_mb: int, quick_jit: bool) -> list[str]:
    """Return the JVM options of every server: its heap, and options that keep all files in its folder.

    With `quick_jit` the JVM uses its first compiler only: starting takes a third less CPU, and full load is slower.
    """
    return [
        *(["-XX:TieredStopAtLevel=1"] if quick_jit else []),
        f"-Xmx{heap_mb}m",
        "-XX:+UseG1GC",
        "-XX:+ExitOnOutOfMemoryError",  # a server that is out of memory must stop, not slow down
        "-XX:-UsePerfData",  # the JVM writes this data to the system's temporary folder and ignores java.io.tmpdir
        f"-XX:ErrorFile={folder / 'jvm-crash.log'}",
        f"-Djava.io.tmpdir={folder / 'tmp'}",
        "-Djava.awt.headless=true",
        "-Djava.net.preferIPv4Stack=true",
        "-Dfile.encoding=UTF-8",
    ]
