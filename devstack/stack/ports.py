"""Choose TCP ports on loopback addresses; two stacks that start at the same time never choose the same port.

- A requested port must be free. Otherwise the error names the port and, when the system reveals it, the process that uses it.
- A default port moves up to the next free one.
- A server binds its port seconds after the port was chosen. `Claims` protects the port meanwhile: a record lock on byte N of a
  file in the cache folder represents port N. The system releases the lock when the process ends for any reason.
- A server that is down must restart on its ports. `Claims.reserved` protects them during that time, with a lock on a second byte.
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

SPAN = 200  # number of ports that are tried from a default port up
_RESERVED = 65536  # offset of the bytes for reserved ports, after those for claimed ports


def is_free(host: str, port: int) -> bool:
    """Return whether a server can listen on `host`:`port` now.

    Raises:
        DevstackError: this machine does not have the address.

    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # servers may bind while old connections are in TIME_WAIT
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise DevstackError(
                    f"this machine has no address {host}; on macOS add it with `sudo ifconfig lo0 alias {host}`"
                ) from error
            return False
        return True


def listening_process(hosts: Sequence[str], port: int) -> str | None:
    """Return the process that listens on `port` of one of `hosts`, as "java (pid 123)"; None when the system does not reveal it."""
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
    """The ports that one start has claimed. No other start on this machine can claim them until `close`."""

    _taken: ClassVar[set[int]] = set()  # record locks exclude other processes only
    _reserved: ClassVar[set[int]] = set()
    _file: ClassVar[int | None] = (
        None  # never closed: closing a descriptor of the file releases all locks of the process
    )

    def __init__(self) -> None:
        self._mine: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the ports."""
        while self._mine:
            port = self._mine.pop()
            Claims._taken.discard(port)
            fcntl.lockf(self._descriptor(), fcntl.LOCK_UN, 1, port)

    def claim(self, hosts: Sequence[str], port: int, *, what: str) -> int:
        """Claim `port` on all of `hosts` and return it. `what` names its use in the error.

        Raises:
            DevstackError: the port is in use.

        """
        if not 1 <= port <= 65535:
            raise DevstackError(f"{port} is not a port for {what}: choose 1 to 65535")
        return self._claim_or_raise(hosts, port, what=what, reserved=False)

    def reclaim(self, addresses: Iterable[tuple[str, int]], *, what: str) -> None:
        """Claim the (host, port) pairs that a server used before.

        Raises:
            DevstackError: a port is in use.

        """
        hosts: dict[int, list[str]] = {}
        for host, port in addresses:
            hosts.setdefault(port, []).append(host)
        for port, at in hosts.items():
            self._claim_or_raise(at, port, what=what, reserved=True)

    def next_free(self, hosts: Sequence[str], start: int, *, what: str) -> int:
        """Claim and return the first port from `start` up that is free on all of `hosts`.

        Raises:
            DevstackError: none of the next `SPAN` ports is free.

        """
        for port in range(start, start + SPAN):
            if self._claim(hosts, port, reserved=False):
                return port
        raise DevstackError(f"no free port for {what} between {start} and {start + SPAN - 1}")

    def _claim_or_raise(self, hosts: Sequence[str], port: int, *, what: str, reserved: bool) -> int:
        if self._claim(hosts, port, reserved=reserved):
            return port
        if process := listening_process(hosts, port):
            raise DevstackError(f"port {port} for {what} is in use by {process}")
        raise DevstackError(f"port {port} for {what} is in use, or reserved for a server of another stack that is down")

    def _claim(self, hosts: Sequence[str], port: int, *, reserved: bool) -> bool:
        if port in Claims._taken or not (reserved or self._is_unreserved(port)):
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
    def _is_unreserved(cls, port: int) -> bool:
        if port in cls._reserved or not cls._lock(_RESERVED + port):
            return False
        fcntl.lockf(cls._descriptor(), fcntl.LOCK_UN, 1, _RESERVED + port)
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
    def reserved(cls, ports: Iterable[int]) -> Iterator[None]:
        """Reserve the ports of a stack during the block: no other stack chooses them, also while its servers are down."""
        mine = set(ports) - cls._reserved
        try:
            for port in mine:
                fcntl.lockf(cls._descriptor(), fcntl.LOCK_EX, 1, _RESERVED + port)
                cls._reserved.add(port)
            yield
        finally:
            for port in mine & cls._reserved:
                cls._reserved.discard(port)
                fcntl.lockf(cls._descriptor(), fcntl.LOCK_UN, 1, _RESERVED + port)

    @classmethod
    def _descriptor(cls) -> int:
        if cls._file is None:
            folder = cache_folder()
            folder.mkdir(parents=True, exist_ok=True)
            cls._file = os.open(folder / "ports.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        return cls._file
