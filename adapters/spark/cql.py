"""Small queries by the CQL client of the connector, for which a data frame would read whole tables."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.sql import SparkSession

from ports.errors import SchemaMissingError, StoreError

from . import trades
from .settings import AggregatorSettings
from .sinks import table_options


class Cql:
    """Queries on the tables of one keyspace; see `connected`."""

    def __init__(self, jvm: Any, session: Any, keyspace: str) -> None:
        self._jvm = jvm
        self._session = session
        self._keyspace = keyspace

    def default_ttl_s(self, table: str) -> int:
        """Return the default time to live of rows of a table, in seconds; 0 means forever. Raise StoreError if there is no such table."""
        query = (
            "SELECT CAST(default_time_to_live AS text) FROM system_schema.tables"  # noqa: S608 - names of our own
            f" WHERE keyspace_name = '{self._keyspace}' AND table_name = '{table}'"
        )
        for text in self._texts(query):
            return int(text)
        raise SchemaMissingError(f"Cassandra has no table {self._keyspace}.{table}: apply the schema first")

    def copies(self, centre: str) -> int:
        """Return how many copies of each row the keyspace keeps in a data centre; 0 if it has none there. Raise StoreError."""
        for option in (centre.replace("'", "''"), "replication_factor"):
            query = (
                f"SELECT replication['{option}'] FROM system_schema.keyspaces"  # noqa: S608 - names of our own
                f" WHERE keyspace_name = '{self._keyspace}'"
            )
            for text in self._texts(query):
                return int(text)
        return 0

    def symbols(self, table: str, days: Iterable[date]) -> set[str]:
        """Return the symbols that have a partition on one of these days.

        Reads the key of each partition of the table, of all days, and no rows. Raise StoreError.
        """
        # The filter uses the partition key only, so that the server does not send the other days.
        return {
            symbol
            for day in days
            for symbol in self._texts(
                f"SELECT DISTINCT symbol, trade_year, trade_month, trade_day FROM {self._keyspace}.{table}"  # noqa: S608
                f" WHERE {_of(day)} ALLOW FILTERING"
            )
        }

    def newest_trade_ms(self, symbols: Iterable[str], day: date, *, enough_ms: int) -> int | None:
        """Return the latest event time of these symbols on a day, None without trades; stop at the first of `enough_ms` or later. Raise StoreError."""
        newest: int | None = None
        for symbol in symbols:
            quoted = symbol.replace("'", "''")
            query = (
                f"SELECT CAST(toUnixTimestamp(timestamp) AS text) FROM {self._keyspace}.{trades.TABLE}"  # noqa: S608
                f" WHERE symbol = '{quoted}' AND {_of(day)} LIMIT 1"
            )
            for text in self._texts(query):
                newest = max(int(text), newest or 0)
            if newest is not None and newest >= enough_ms:
                break
        return newest

    def _texts(self, query: str) -> Iterator[str]:
        """Yield the first column of each row, which is text; leave out nulls."""
        utf8 = self._jvm.java.nio.charset.StandardCharsets.UTF_8
        try:
            rows = self._session.execute(query).iterator()
            while rows.hasNext():
                # Py4J does not find `getString`, which is a default method of an interface.
                text = rows.next().getBytesUnsafe(0)
                if text is not None:
                    yield str(utf8.decode(text).toString())
        except Py4JJavaError as error:
            raise StoreError(f"Cassandra did not answer: {error.java_exception.getMessage()}") from error


@contextmanager
def connected(spark: SparkSession, settings: AggregatorSettings) -> Iterator[Cql]:
    """Connect as the connector does. Raise StoreError if no node answers."""
    context: Any = spark.sparkContext
    jvm = context._jvm  # noqa: SLF001 - the connector has no Python API
    conf = context._jsc.sc().getConf().clone()  # noqa: SLF001
    for name, value in table_options(settings, trades.TABLE).items():
        if name.startswith("spark."):
            conf.set(name, value)
    try:
        session = jvm.com.datastax.spark.connector.cql.CassandraConnector.apply(conf).openSession()
    except Py4JJavaError as error:
        raise StoreError(f"Cassandra cannot be reached: {error.java_exception.getMessage()}") from error
    try:
        yield Cql(jvm, session, settings.keyspace)
    finally:
        session.close()


def _of(day: date) -> str:
    return f"trade_year = {day.year} AND trade_month = {day.month} AND trade_day = {day.day}"
