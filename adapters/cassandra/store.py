"""The base of the stores: each uses a session of its own or a shared one, from `start` to `close`."""

from types import TracebackType
from typing import Any, Self

from ports.errors import StoreError

from .session import CassandraSession
from .settings import CassandraSettings


class CassandraStore:
    """Base of a store on one table. Pass a session to share its connection with another store."""

    TABLE: str
    INSERT: str
    SELECT: str
    """Statements, with `{table}` in place of the full name of the table."""

    def __init__(self, settings: CassandraSettings, session: CassandraSession | None = None) -> None:
        self._session = session or CassandraSession(settings)
        self._started = False
        self._insert: Any = None
        self._select: Any = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Connect and prepare the statements; do nothing if started. Raise StoreError if no server answers in time or the table is missing."""
        if self._started:
            return
        table = f"{self._session.settings.keyspace}.{self.TABLE}"
        self._session.start()
        try:
            self._insert = self._session.prepare(self.INSERT.format(table=table))
            self._select = self._session.prepare(self.SELECT.format(table=table))
        except BaseException:
            self._session.close()
            raise
        self._started = True

    def close(self) -> None:
        """Release the connection; do nothing if closed."""
        if self._started:
            self._started = False
            self._session.close()

    def _check_started(self) -> None:
        if not self._started:
            raise StoreError(f"the store of {self.TABLE} is not connected: use it between start() and close()")
