"""What a program reports to systemd, read at the socket that systemd would have opened."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.runtime.systemd import ALIVE, systemd_watchdog
from tests.support.timeouts import TIMEOUT_S, wait_until

SILENCE_S = 0.04


class Loop:
    """A loop that stalls on request, and counts how often it was asked."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.asked = 0

    def stalled(self) -> list[str]:
        self.asked += 1
        return self.reasons


@pytest.fixture(params=["a file", "an abstract address"])
def supervisor(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """Return the socket of a supervisor that watches this process."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
        name = str(tmp_path / "notify") if request.param == "a file" else f"@tapeline-test-{os.getpid()}-{id(tmp_path)}"
        notifications.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        notifications.settimeout(TIMEOUT_S)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        monkeypatch.setenv("WATCHDOG_USEC", str(int(SILENCE_S * 1_000_000)))
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
        yield notifications


def received(notifications: socket.socket) -> list[bytes]:
    """Return what has arrived and was not read."""
    notifications.setblocking(False)
    found = []
    while True:
        try:
            found.append(notifications.recv(64))
        except BlockingIOError:
            notifications.settimeout(TIMEOUT_S)
            return found


def test_a_program_that_is_alive_reports_it_again_and_again(supervisor: socket.socket) -> None:
    with systemd_watchdog(list):
        assert [supervisor.recv(64) for _ in range(3)] == [ALIVE] * 3


def test_a_stalled_program_reports_nothing_until_it_goes_on(supervisor: socket.socket) -> None:
    loop = Loop()
    loop.reasons.append("the loop has not run for 31 s")
    with systemd_watchdog(loop.stalled):
        wait_until(lambda: loop.asked > 5, "five questions", TIMEOUT_S)
        assert received(supervisor) == []
        loop.reasons.clear()
        assert supervisor.recv(64) == ALIVE


def test_nothing_is_reported_after_the_program_has_ended(supervisor: socket.socket) -> None:
    loop = Loop()
    with systemd_watchdog(loop.stalled):
        wait_until(lambda: loop.asked > 2, "two questions", TIMEOUT_S)
    assert [thread for thread in threading.enumerate() if thread.name == "systemd-watchdog"] == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [("NOTIFY_SOCKET", ""), ("WATCHDOG_USEC", ""), ("WATCHDOG_USEC", "0"), ("WATCHDOG_PID", "1")],
)
def test_without_a_watchdog_of_this_process_nothing_is_reported(
    supervisor: socket.socket, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    loop = Loop()
    with systemd_watchdog(loop.stalled):
        pass
    assert loop.asked == 0
    assert received(supervisor) == []


def test_a_supervisor_that_is_gone_for_a_moment_does_not_end_the_reports(supervisor: socket.socket) -> None:
    loop = Loop()
    supervisor.close()
    with systemd_watchdog(loop.stalled):
        wait_until(lambda: loop.asked > 2, "two questions", TIMEOUT_S)
