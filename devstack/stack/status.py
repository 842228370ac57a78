"""The status of a server: the state of its process, and whether it answers.

- "up": it answers its clients' protocol. "silent": it runs and does not answer. "paused": it was stopped by SIGSTOP. "down": it does not run.
"""

from __future__ import annotations

import attrs

from devstack.servers.server import Server

from .record import Record


@attrs.frozen(kw_only=True)
class ServerStatus:
    """The status of one server. `pid` is None when it is down."""

    name: str
    host: str
    port: int
    pid: int | None
    state: str

    @property
    def up(self) -> bool:
        """Return whether clients can use it."""
        return self.state == "up"


def status_of(server: Server, record: Record) -> ServerStatus:
    """Return the status of one server of the stack that `record` describes."""
    running = record.alive(server.name)
    process = running.process() if running else None
    if process is None:
        state = "down"
    elif running is not None and running.paused:
        state = "paused"
    else:
        state = "up" if server.is_ready(with_peers=False) else "silent"
    return ServerStatus(
        name=server.name, host=server.host, port=server.port, pid=process.pid if process else None, state=state
    )
