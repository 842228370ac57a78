"""Start servers together and wait until clients can use them; stop them together.

- Each started process is recorded before the next one starts.
- When a server ends or is not ready in time, the start fails, and the error contains the last lines of the server's log.
  All processes of a failed or interrupted start are killed before the error is raised.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from devstack.errors import DevstackError
from devstack.servers.server import Server

from . import process
from .process import ServerProcess
from .record import Record

START_TIMEOUT_S = 240.0  # for the slowest machine; the end of a process is detected at once
POLL_S = 0.1
LOG = "server.log"
_INHERITED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")  # no JVM options, no secrets


def _environment(server: Server) -> dict[str, str]:
    inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
    return inherited | {"TMPDIR": str(server.folder / "tmp")}


def launch(
    servers: Sequence[Server], record: Record, folder: Path, report: Callable[[str], None], *, with_peers: bool
) -> None:
    """Start `servers`, record each in `folder`, and return when all are ready; `with_peers`, when they also know each other.

    Raises:
        DevstackError: a server ended or was not ready in time; all of them are stopped.

    """
    commands = [server.command() for server in servers]  # downloads jars and finds Java before any process starts
    started: dict[str, ServerProcess] = {}
    try:
        record.write(folder)
        started_at = time.monotonic()
        for server, command in zip(servers, commands, strict=True):
            server.prepare()
            with signals_deferred():  # `down` could not find a process that is not recorded
                running = process.start(
                    command, folder=server.folder, log=server.folder / LOG, environment=_environment(server)
                )
                started[server.name] = running
                record = attrs.evolve(record, running={**record.running, server.name: running})
                record.write(folder)
        report(f"starting {', '.join(server.name for server in servers)} …")
        _wait(servers, started, started_at, report, with_peers=with_peers)
    except BaseException:
        with signals_deferred():
            for running in started.values():
                running.kill()
        raise


def _wait(
    servers: Sequence[Server],
    started: dict[str, ServerProcess],
    started_at: float,
    report: Callable[[str], None],
    *,
    with_peers: bool,
) -> None:
    waiting = list(servers)
    while waiting:
        for server in list(waiting):
            log = server.folder / LOG
            if not started[server.name].alive:
                raise DevstackError(
                    f"{server.name} ended during its start; its log ends with\n{process.last_lines(log)}"
                )
            seconds = time.monotonic() - started_at
            if server.is_ready(with_peers=with_peers):
                waiting.remove(server)
                report(f"{server.name} up on {server.host}:{server.port} in {seconds:.1f} s")
            elif seconds > START_TIMEOUT_S:
                raise DevstackError(
                    f"{server.name} was not ready within {START_TIMEOUT_S:.0f} s; its log ends with\n{process.last_lines(log)}"
                )
        time.sleep(POLL_S)


def stop_all(processes: Iterable[ServerProcess], grace_s: float) -> None:
    """Stop all processes together: SIGTERM first, and SIGKILL for those that still run after `grace_s` seconds."""
    alive = [running for running in processes if running.alive]
    for running in alive:
        running.send(signal.SIGTERM)
        running.send(signal.SIGCONT)  # a paused process handles SIGTERM only when it continues
    until = time.monotonic() + grace_s
    for running in alive:
        if not running.wait(max(until - time.monotonic(), 0)):
            running.kill()


@contextlib.contextmanager
def signals_deferred() -> Iterator[None]:
    """Defer SIGINT and SIGTERM to the end of the block. Only the main thread receives signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    deferred: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda number, _: deferred.append(number)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
        if deferred:
            signal.raise_signal(signal.Signals(deferred[0]))
