"""The symbols of a day, from the keys of the partitions.

A query reads the key of each partition of a table, of all days, and no rows. The filter is on the server, so the keys of other days stay there.
"""

from datetime import date
from typing import Final, Self

from .errors import translated
from .session import CassandraSession
from .settings import CassandraSettings

_TABLES: Final = (("trades_v2", "trade"), ("trade_aggregates", "trade"), ("feed_events", "event"))
"""Tables by symbol and UTC day, each with the prefix of the columns of the day."""


class CassandraSymbolIndex:
    """A `ports.symbol_index.SymbolIndex`. Pass a session to share its connection with a store."""

    def __init__(self, settings: CassandraSettings, session: CassandraSession | None = None) -> None:
        self._session = session or CassandraSession(settings)
        self._started = False

    def start(self) -> None:
        """Connect; do nothing if started. Raise StoreError."""
        if not self._started:
            self._session.start()
            self._started = True

    def symbols(self, day: date) -> frozenset[str]:
        """Return the symbols with trades, candles or events of connections on a UTC day. Raise StoreError."""
        found: set[str] = set()
        for table, prefix in _TABLES:
            year, month, of_month = (f"{prefix}_{part}" for part in ("year", "month", "day"))
            statement = self._session.prepare(
                f"SELECT DISTINCT symbol, {year}, {month}, {of_month} FROM {self._session.settings.keyspace}.{table}"  # noqa: S608 - names of our own
                f" WHERE {year} = ? AND {month} = ? AND {of_month} = ? ALLOW FILTERING"
            )
            with translated(self._session.settings, "reading the symbols of a day"):
                rows = self._session.driver.execute(statement, (day.year, day.month, day.day))
                found.update(row[0] for row in rows)
        return frozenset(found)

    def close(self) -> None:
        """Release the connection; do nothing if closed."""
        if self._started:
            self._started = False
            self._session.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
