"""Choose TCP ports on the loopback addresses, without two stacks that start at once choosing the same one.

- A given port must be free, or an error names it and, where the system tells, the process that holds it.
- A default port moves up to the next free one.
- Between choosing and the server's own bind lie seconds. `Claims` covers them: a record lock on byte N of one small
  file in the cache folder stands for port N, and the system drops it when its process ends, however it ends.
- A server that is down for a while has to come back on its ports. `Claims.kept` covers that, by a lock on a byte further on.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import ClassVar, Self

import psutil

from devstack.errors import DevstackError
from devstack.jars.repository import cache_folder

SPAN = 200  # how far a default port moves up before giving up
_KEPT = 65536  # after the bytes of the claims


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen on `host`:`port` now.

    Raises:
        DevstackError: this machine has no such address.

    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT are no obstacle
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise DevstackError(
                    f"this machine has no address {host}; on macOS add it with `sudo ifconfig lo0 alias {host}`"
                ) from error
            return False
        return True


def holder(hosts: Sequence[str], port: int) -> str | None:
    """Name a process that listens on `port` of one of `hosts`, as "java (pid 123)", where the system tells."""
    addresses = {*hosts, "0.0.0.0", "::", *(f"::ffff:{host}" for host in hosts)}  # noqa: S104 - compared, not bound
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections(kind="tcp"):
            local = connection.laddr
            if connection.status != psutil.CONN_LISTEN or not local or not connection.pid:
                continue
            if local.port == port and local.ip in addresses:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return None


class Claims:
    """The ports that one start has chosen, kept from every other start until closed."""

    _taken: ClassVar[set[int]] = set()  # record locks do not keep one process from itself
    _kept: ClassVar[set[int]] = set()
    _file: ClassVar[int | None] = None  # closing any descriptor of the file would drop every lock: never closed

    def __init__(self) -> None:
        self._mine: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the ports up to whoever asks next."""
        while self._mine:
            port = self._mine.pop()
            Claims._taken.discard(port)
            fcntl.lockf(self._descriptor(), fcntl.LOCK_UN, 1, port)

    def given(self, hosts: Sequence[str], port: int, *, what: str) -> int:
        """Claim exactly `port` on all of `hosts`.

        Raises:
            DevstackError: it is in use.

        """
        if not 1 <= port <= 65535:
            raise DevstackError(f"{port} is no port for {what}: 1 to 65535")
        return self._given(hosts, port, what=what, again=False)

    def again(self, addresses: Iterable[tuple[str, int]], *, what: str) -> None:
        """Claim the (host, port) pairs that a server had before.

        Raises:
            DevstackError: one is in use.

        """
        hosts: dict[int, list[str]] = {}
        for host, port in addresses:
            hosts.setdefault(port, []).append(host)
        for port, at in hosts.items():
            self._given(at, port, what=what, again=True)

    def next_free(self, hosts: Sequence[str], start: int, *, what: str) -> int:
        """Claim the first port from `start` up that is free on all of `hosts`.

        Raises:
            DevstackError: none of the next few hundred is.

        """
        for port in range(start, start + SPAN):
            if self._claim(hosts, port, again=False):
                return port
        raise DevstackError(f"no free port for {what} between {start} and {start + SPAN - 1}")

    def _given(self, hosts: Sequence[str], port: int, *, what: str, again: bool) -> int:
        if self._claim(hosts, port, again=again):
            return port
        if who := holder(hosts, port):
            raise DevstackError(f"port {port} for {what} is in use by {who}")
        raise DevstackError(f"port {port} for {what} is in use, or belongs to a server of another stack that is down")

    def _claim(self, hosts: Sequence[str], port: int, *, again: bool) -> bool:
        if port in Claims._taken or not (again or self._is_nobodys(port)):
            return False
        if not self._lock(port):
            return False
        Claims._taken.add(port)
        self._mine.append(port)
        if all(is_free(host, port) for host in hosts):
            return True
        self._mine.remove(port)
        Claims._taken.discard(port)
        fcntl.lockf(self._descriptor(), fcntl.LOCK_UN, 1, port)
        return False

    @classmethod
    def _is_nobodys(cls, port: int) -> bool:
        if port in cls._kept or not cls._lock(_KEPT + port):
            return False
        fcntl.lockf(cls._descriptor(), fcntl.LOCK_UN, 1, _KEPT + port)
        return True

    @classmethod
    def _lock(cls, byte: int) -> bool:
        try:
            fcntl.lockf(cls._descriptor(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except OSError:
            return False
        return True

    @classmethod
    @contextlib.contextmanager
    def kept(cls, ports: Iterable[int]) -> Iterator[None]:
        """Keep the ports of a stack from the choice of others for the time of the block, whether or not its servers run."""
        mine = set(ports) - cls._kept
        try:
            for port in mine:
                fcntl.lockf(cls._descriptor(), fcntl.LOCK_EX, 1, _KEPT + port)
                cls._kept.add(port)
            yield
        finally:
            for port in mine & cls._kept:
                cls._kept.discard(port)
                fcntl.lockf(cls._descriptor(), fcntl.LOCK_UN, 1, _KEPT + port)

    @classmethod
    def _descriptor(cls) -> int:
        if cls._file is None:
            folder = cache_folder()
            folder.mkdir(parents=True, exist_ok=True)
            cls._file = os.open(folder / "ports.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        return cls._file
