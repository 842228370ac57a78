"""One server process: started on its own, found again by what was written down, stopped for sure.

- A server runs in its own session: a Ctrl-C in the terminal is not for it. Its output goes to a file.
- A pid alone proves nothing, for pids are used again: a process is ours when its creation time fits as well.
- Signals go to the process group, so that a helper program dies with it.
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
CLOCK_SLACK_S = 2.0  # the creation time is counted from boot, so it moves with a clock that is set

_children: dict[int, subprocess.Popen[bytes]] = {}  # kept, so that a dead child is reaped and none is warned about


def _ended(process: psutil.Process) -> bool:
    """Tell whether only its entry is left. While a thread of a killed process is still ending, its ports are taken."""
    return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1


@attrs.frozen(kw_only=True)
class Running:
    """What is written down of a started process: its pid and creation time (seconds since the epoch)."""

    pid: int
    created: float

    def process(self) -> psutil.Process | None:
        """Return the process when it still lives and is the one that was started."""
        child = _children.get(self.pid)
        if child is not None and child.poll() is not None:
            return None
        try:
            process = psutil.Process(self.pid)
            ours = abs(process.create_time() - self.created) < CLOCK_SLACK_S
            return process if ours and not _ended(process) else None
        except psutil.Error:
            return None

    @property
    def alive(self) -> bool:
        """Tell whether it still runs (a paused one does)."""
        return self.process() is not None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and its group; nothing happens when it is gone."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    @property
    def paused(self) -> bool:
        """Tell whether it is frozen."""
        process = self.process()
        return process is not None and process.status() == psutil.STATUS_STOPPED

    def pause(self, seconds: float = 10) -> None:
        """Freeze the process; return when it is, for the signal takes effect a moment after it was sent."""
        self.send(signal.SIGSTOP)
        until = time.monotonic() + seconds
        while self.alive and not self.paused and time.monotonic() < until:
            time.sleep(POLL_S)

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds` for the end; tell whether it came."""
        until = time.monotonic() + seconds
        while self.alive:  # not psutil's wait: a dead process that nobody reaps would count as living
            if time.monotonic() > until:
                return False
            time.sleep(POLL_S)
        return True

    def stop(self, grace_s: float) -> None:
        """End the process: politely, then after `grace_s` seconds by force. Return when it is gone."""
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)  # a paused process could not act on the first
        if not self.wait(grace_s):
            self.kill()

    def kill(self) -> None:
        """End the process by force. Return when it is gone."""
        self.send(signal.SIGKILL)
        self.wait(10)


def start(command: Sequence[str], *, folder: Path, log: Path, environment: Mapping[str, str]) -> Running:
    """Start `command` in `folder`, in its own session, appending its output to `log`."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[child.pid] = child
    return Running(pid=child.pid, created=psutil.Process(child.pid).create_time())


def last_lines(log: Path, count: int = 15) -> str:
    """Return the last lines of a log file, without the frames of Java's stack traces."""
    try:
        lines = log.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return "\n".join([line for line in lines if line.strip() and not line.startswith("\tat ")][-count:])
