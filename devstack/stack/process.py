"""One server process: start it, find it again from its record, signal and stop it.

- A server runs in its own session, so a Ctrl-C in the terminal does not reach it. Its output goes to a file.
- Operating systems reuse pids, so a recorded process is identified by its pid and its creation time.
- Signals go to the process group, so helper programs of a server receive them too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
import psutil

POLL_S = 0.02
CLOCK_SLACK_S = 2.0  # the creation time is relative to boot, so setting the clock moves it

_children: dict[
    int, subprocess.Popen[bytes]
] = {}  # keeps a reference, so that a child that ended is reaped without a ResourceWarning


def _has_ended(process: psutil.Process) -> bool:
    """Return whether only the process table entry is left. A killed process holds its ports until its last thread ends."""
    return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1


@attrs.frozen(kw_only=True)
class ServerProcess:
    """A started process as it is recorded: its pid and its creation time in seconds since the epoch."""

    pid: int
    created: float

    def process(self) -> psutil.Process | None:
        """Return the recorded process; None when it has ended."""
        child = _children.get(self.pid)
        if child is not None and child.poll() is not None:
            return None
        try:
            process = psutil.Process(self.pid)
            is_recorded = abs(process.create_time() - self.created) < CLOCK_SLACK_S
            return process if is_recorded and not _has_ended(process) else None
        except psutil.Error:
            return None

    @property
    def alive(self) -> bool:
        """Return whether it runs; a paused process runs."""
        return self.process() is not None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process group. Do nothing when the process has ended."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    @property
    def paused(self) -> bool:
        """Return whether it is stopped by SIGSTOP."""
        process = self.process()
        return process is not None and process.status() == psutil.STATUS_STOPPED

    def pause(self, seconds: float = 10) -> None:
        """Pause the process with SIGSTOP, and wait up to `seconds` until the system reports it as stopped."""
        self.send(signal.SIGSTOP)
        until = time.monotonic() + seconds
        while self.alive and not self.paused and time.monotonic() < until:
            time.sleep(POLL_S)

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds` for the end of the process. Return whether it has ended."""
        until = time.monotonic() + seconds
        while self.alive:  # psutil's wait counts a process that ended and is not reaped as running
            if time.monotonic() > until:
                return False
            time.sleep(POLL_S)
        return True

    def stop(self, grace_s: float) -> None:
        """Stop the process: SIGTERM first, and SIGKILL after `grace_s` seconds. Return when it has ended."""
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)  # a paused process handles SIGTERM only when it continues
        if not self.wait(grace_s):
            self.kill()

    def kill(self) -> None:
        """Kill the process. Return when it has ended."""
        self.send(signal.SIGKILL)
        self.wait(10)


def start(command: Sequence[str], *, folder: Path, log: Path, environment: Mapping[str, str]) -> ServerProcess:
    """Start `command` in `folder` and in its own session. Its output is appended to `log`."""
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 - no shell; the commands of the servers are made in `servers`
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[child.pid] = child
    return ServerProcess(pid=child.pid, created=psutil.Process(child.pid).create_time())


def last_lines(log: Path, count: int = 15) -> str:
    """Return the last `count` lines of a log file, without the frames of Java stack traces."""
    try:
        lines = log.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return "\n".join([line for line in lines if line.strip() and not line.startswith("\tat ")][-count:])
