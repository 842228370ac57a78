"""The watchdog of systemd: a program that runs under it reports that it is alive, and is killed and started again when it no longer does.

systemd passes the address of a socket in NOTIFY_SOCKET and the longest silence in WATCHDOG_USEC (sd_notify(3), sd_watchdog_enabled(3)), if the unit
sets WatchdogSec. Otherwise nothing is sent.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

ALIVE: Final = b"WATCHDOG=1"
_REPORTS_PER_SILENCE: Final = 4
"""How often a report is due within the longest silence; sd_watchdog_enabled(3) asks for 2 at least."""


@contextmanager
def systemd_watchdog(stalled: Callable[[], Sequence[str]]) -> Iterator[None]:
    """Report to systemd from a thread that the program is alive, while the block runs and `stalled` returns no reason."""
    silence_s, address = _longest_silence_s(), os.environ.get("NOTIFY_SOCKET", "")
    if silence_s is None or not address:
        yield
        return
    if address.startswith("@"):  # the first byte of an abstract address is 0
        address = f"\0{address[1:]}"
    ended = threading.Event()

    def report() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
            while True:
                if not stalled():
                    # While systemd executes itself anew its socket may refuse: the next report is due soon.
                    with suppress(OSError):
                        notifications.sendto(ALIVE, address)
                if ended.wait(silence_s / _REPORTS_PER_SILENCE):
                    return

    thread = threading.Thread(target=report, name="systemd-watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _longest_silence_s() -> float | None:
    """Return the silence after which systemd kills this process, None if it watches no process or another one."""
    microseconds, process = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdecimal() or int(microseconds) == 0 or process != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000
