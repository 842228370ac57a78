"""The listening sockets of a process and of everything that it started."""

import contextlib
from collections.abc import Iterable

import psutil


def listening(pids: Iterable[int]) -> set[tuple[str, int]]:
    """Return the address and port of each listening socket of these processes and their descendants."""
    found = set()
    for root in map(psutil.Process, pids):
        for process in (root, *root.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                found |= {
                    (str(one.laddr.ip), int(one.laddr.port))
                    for one in process.net_connections(kind="inet")
                    if one.status == psutil.CONN_LISTEN
                }
    return found


def is_loopback(address: str) -> bool:
    """Return whether only this machine reaches the address."""
    return address.removeprefix("::ffff:").startswith("127.") or address == "::1"
