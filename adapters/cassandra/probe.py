"""Check that Cassandra answers, by a cheap query over a connection of its own."""

import attrs

from ports.errors import StoreError

from .errors import translated
from .session import CassandraSession
from .settings import CassandraSettings

_QUESTION = "SELECT release_version FROM system.local"


class CassandraProbe:
    """A `ports.probe.Probe` of one node."""

    def __init__(self, settings: CassandraSettings) -> None:
        self._settings = settings
        self._session: CassandraSession | None = None

    def start(self) -> None:
        """Do nothing: `ask` connects if there is no connection."""

    def ask(self, timeout_s: float) -> None:
        """Read one row of a system table. Raise StoreError if no node answers in time."""
        settings = attrs.evolve(self._settings, connect_timeout_s=timeout_s, request_timeout_s=timeout_s)
        if self._session is None:
            session = CassandraSession(settings)
            session.start()
            self._session = session
        with translated(settings, "asking"):
            row = self._session.driver.execute(_QUESTION, timeout=timeout_s).one()
        if row is None:
            raise StoreError("asking failed: the node has no version")

    def close(self) -> None:
        """Disconnect."""
        session, self._session = self._session, None
        if session is not None:
            session.close()
