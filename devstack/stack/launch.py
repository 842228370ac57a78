"""Start servers together and wait until clients can use them; end them together.

- Every started process is written down before the next one starts.
- One that ends by itself, or takes too long, fails the whole start with the last lines of its log. Then, as after an
  interrupt, all that this start began is ended by force before the error goes on.
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
from .process import Running
from .record import Record

LIMIT_S = 240.0  # for the slowest machine; a crash is noticed at once
POLL_S = 0.1
LOG = "server.log"
_PASSED_ON = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")  # no option, no secret


def _environment(server: Server) -> dict[str, str]:
    kept = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
    return kept | {"TMPDIR": str(server.folder / "tmp")}


def launch(
    servers: Sequence[Server], record: Record, folder: Path, say: Callable[[str], None], *, with_peers: bool
) -> None:
    """Start `servers`, write each down in `folder`, and return when all serve; `with_peers`, as one cluster.

    Raises:
        DevstackError: one ended, or did not serve in time; none of them is left running.

    """
    commands = [server.command() for server in servers]  # fetches jars and looks for Java before anything starts
    started: dict[str, Running] = {}
    try:
        record.write(folder)
        begun = time.monotonic()
        for server, command in zip(servers, commands, strict=True):
            server.prepare()
            with uninterrupted():  # a process that runs and is not written down would be lost
                running = process.start(
                    command, folder=server.folder, log=server.folder / LOG, environment=_environment(server)
                )
                started[server.name] = running
                record = attrs.evolve(record, running={**record.running, server.name: running})
                record.write(folder)
        say(f"starting {', '.join(server.name for server in servers)} …")
        _wait(servers, started, begun, say, with_peers=with_peers)
    except BaseException:
        with uninterrupted():
            for running in started.values():
                running.kill()
        raise


def _wait(
    servers: Sequence[Server],
    started: dict[str, Running],
    begun: float,
    say: Callable[[str], None],
    *,
    with_peers: bool,
) -> None:
    waiting = list(servers)
    while waiting:
        for server in list(waiting):
            log = server.folder / LOG
            if not started[server.name].alive:
                raise DevstackError(f"{server.name} ended while starting; its log ends with\n{process.last_lines(log)}")
            seconds = time.monotonic() - begun
            if server.serves(with_peers=with_peers):
                waiting.remove(server)
                say(f"{server.name} up on {server.host}:{server.port} in {seconds:.1f} s")
            elif seconds > LIMIT_S:
                raise DevstackError(
                    f"{server.name} did not answer within {LIMIT_S:.0f} s; its log ends with\n{process.last_lines(log)}"
                )
        time.sleep(POLL_S)


def stop_all(processes: Iterable[Running], grace_s: float) -> None:
    """End all of them together: politely, and by force what still runs after `grace_s` seconds."""
    alive = [running for running in processes if running.alive]
    for running in alive:
        running.send(signal.SIGTERM)
        running.send(signal.SIGCONT)  # a paused process could not act on the first
    until = time.monotonic() + grace_s
    for running in alive:
        if not running.wait(max(until - time.monotonic(), 0)):
            running.kill()


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back until the block is done; other threads than the main one never get them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda number, _: held.append(number)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
        if held:
            signal.raise_signal(signal.Signals(held[0]))
