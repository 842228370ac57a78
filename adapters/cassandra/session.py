"""A connection to Cassandra that stores of one process share.

- The constructor opens nothing. `start` and `close` are counted: each user calls both, and the last `close` closes the connection.
- `start` ends within the connect timeout, if need be by a StoreError that names the contact points.
- A session belongs to the process that started it. After a fork the child needs a session of its own; using the parent's is a StoreError.
"""

import os
import threading
from types import TracebackType
from typing import Any, Self

from ports.errors import StoreError

from .cluster import make_cluster
from .driver_log import quiet_driver_log
from .errors import store_error, translated, where
from .replication import copies_in
from .settings import CassandraSettings


class CassandraSession:
    """A connection with prepared statements, each prepared once. Safe for use by several threads."""

    def __init__(self, settings: CassandraSettings) -> None:
        self.settings = settings
        self._guard = threading.RLock()
        self._users = 0
        self._pid = 0
        self._cluster: Any = None
        self._session: Any = None
        self._prepared: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Connect, unless another user has done so. Raise StoreError if no contact point can be used in time."""
        with self._guard:
            if self._users == 0:
                self._connect()
            self._users += 1

    def close(self) -> None:
        """Stop using the connection; the last user closes it. Do nothing if it was never started."""
        with self._guard:
            if self._users == 0:
                return
            self._users -= 1
            if self._users:
                return
            cluster, self._cluster, self._session = self._cluster, None, None
            self._prepared.clear()
        if self._pid == os.getpid():  # a forked child has none of the threads, and the sockets are the parent's
            cluster.shutdown()

    @property
    def driver(self) -> Any:
        """The driver's session, for this package only. Raise StoreError before `start`, after `close`, and in another process."""
        session = self._session
        if session is None:
            raise StoreError("the store is not connected: call start() first, and do not use it after close()")
        if self._pid != os.getpid():
            raise StoreError("this store was started by another process: each process needs its own")
        return session

    def prepare(self, query: str) -> Any:
        """Return the prepared statement, marked as idempotent. Raise StoreError, for example if the tables are missing."""
        driver = self.driver
        with self._guard:
            if query not in self._prepared:
                with translated(self.settings, "preparing a statement"):
                    statement = driver.prepare(query)
                statement.is_idempotent = True
                self._prepared[query] = statement
            return self._prepared[query]

    def _connect(self) -> None:
        quiet_driver_log()
        try:
            cluster = make_cluster(self.settings)
        except Exception as error:  # unknown host names raise errors of several types
            raise store_error(self.settings, "connecting", error) from error
        try:
            with translated(self.settings, "connecting"):
                self._session = self._open(cluster)
                self._require_copies(self._session)
        except BaseException:
            cluster.shutdown()
            raise
        self._cluster = cluster
        self._pid = os.getpid()

    def _require_copies(self, driver: Any) -> None:
        """Raise StoreError if the keyspace exists and has too few copies."""
        settings = self.settings
        if settings.min_copies == 1:
            return
        query = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = %s"
        row = driver.execute(query, (settings.keyspace,)).one()
        copies = None if row is None else copies_in(row[0], settings.local_dc)
        if copies is not None and copies < settings.min_copies:
            raise StoreError(
                f"{where(settings)} keeps {copies} copies of the keyspace {settings.keyspace!r} in {settings.local_dc}, fewer than {settings.min_copies}"
            )

    def _open(self, cluster: Any) -> Any:
        try:
            return cluster.connect()
        except Exception as error:
            centres = {host.datacenter for host in cluster.metadata.all_hosts() if host.datacenter}
            if centres and self.settings.local_dc not in centres:
                named = ", ".join(sorted(centres))
                raise StoreError(
                    f"{where(self.settings)} has no data centre {self.settings.local_dc!r}, but {named}: set local_dc to one of them"
                ) from error
            raise
