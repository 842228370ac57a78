"""What the stack needs to know of a server, whichever it is: what to write, what to run, how to ask if it serves.

- A `Server` is a value made from the stack's options; it touches nothing until `prepare`.
- Its folder holds everything of it: configuration, data, log, and temporary files of the JVM and of native libraries.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class Server(Protocol):
    """One Kafka broker or Cassandra node."""

    @property
    def name(self) -> str:
        """Its name in the stack, such as `kafka-1`."""

    @property
    def host(self) -> str:
        """The address that it listens on."""

    @property
    def port(self) -> int:
        """The port that clients connect to."""

    @property
    def inner_port(self) -> int:
        """The port that its peers connect to, at the same address."""

    @property
    def metrics_port(self) -> int:
        """The port of its metrics, at the same address."""

    @property
    def folder(self) -> Path:
        """The folder that holds all of it."""

    @property
    def heap_mb(self) -> int:
        """Its Java heap, in MiB."""

    def prepare(self) -> None:
        """Write its configuration. Doing it again changes nothing of its data."""

    def command(self) -> Sequence[str]:
        """Return the program and arguments that run it, to be started in `folder`."""

    def serves(self, *, with_peers: bool) -> bool:
        """Ask it, over its own protocol, whether clients can use it; `with_peers`, whether all its peers are known too."""


def java_options(*, folder: Path, heap_mb: int, quick_jit: bool) -> list[str]:
    """Return the JVM options that every server takes: heap, and no file outside its folder.

    With `quick_jit` the JVM compiles once and lightly: a third less CPU to start, and less speed at full load.
    """
    return [
        *(["-XX:TieredStopAtLevel=1"] if quick_jit else []),
        f"-Xmx{heap_mb}m",
        "-XX:+UseG1GC",
        "-XX:+ExitOnOutOfMemoryError",  # a server without memory should be seen dead, not be slow
        "-XX:-UsePerfData",  # it would be written to the system's temporary folder, whatever java.io.tmpdir says
        f"-XX:ErrorFile={folder / 'jvm-crash.log'}",
        f"-Djava.io.tmpdir={folder / 'tmp'}",
        "-Djava.awt.headless=true",
        "-Djava.net.preferIPv4Stack=true",
        "-Dfile.encoding=UTF-8",
    ]
