"""All rows of a keyspace as one data centre has them, for comparisons of replicas row by row."""

from __future__ import annotations

from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings

Rows = dict[str, set[str]]
"""The rows of each table, as text."""


def rows_by_table(settings: CassandraSettings) -> Rows:
    """Return the rows of each table of the keyspace, by the data centre, the hosts and the consistency level of the settings."""
    with CassandraSession(settings) as session:
        query = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = %s"
        tables = [name for (name,) in session.driver.execute(query, (settings.keyspace,))]
        return {
            table: {repr(row) for row in session.driver.execute(f"SELECT * FROM {settings.keyspace}.{table}")}  # noqa: S608
            for table in tables
        }


def difference(left: Rows, right: Rows) -> dict[str, int]:
    """Return the number of rows that only one side has, for each table in which there are such rows."""
    different = {table: len(left[table] ^ right[table]) for table in left.keys() | right.keys()}
    return {table: count for table, count in different.items() if count}
