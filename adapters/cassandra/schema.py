"""Create or upgrade the schema: the keyspace, then each numbered file that is not applied yet, in order.

- Running it again changes nothing. Every statement has IF NOT EXISTS, and each applied file is recorded in `schema_migrations` by a lightweight
  transaction. Of two concurrent runs, one records the file, and the other finds the record and compares it.
- A file that has changed since it was applied is an error: add a new file instead.
- A keyspace that exists with another replication is an error: a change needs a repair, so an operator has to decide on it.
- After each change it waits until the nodes agree on the schema.
"""

import enum
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import attrs
from cassandra.query import SimpleStatement

from ports.errors import StoreError

from .errors import translated
from .migrations import Migration, shipped
from .replication import Replication
from .session import CassandraSession
from .settings import CassandraSettings

_DDL_TIMEOUT_S: Final = 60.0
_RECORDS: Final = (
    "CREATE TABLE IF NOT EXISTS schema_migrations (number int PRIMARY KEY, name text, checksum text, applied_at timestamp)"
    " WITH comment = 'Which numbered schema files were applied'"
)


class Outcome(enum.StrEnum):
    """The result for a file."""

    APPLIED = "applied"
    ALREADY = "already"


@attrs.frozen(kw_only=True)
class FileOutcome:
    """A schema file and its result."""

    number: int
    name: str
    outcome: Outcome


def apply_schema(
    settings: CassandraSettings, replication: Replication, files: Sequence[Migration] | None = None
) -> list[FileOutcome]:
    """Apply the files that are not applied yet; by default the shipped ones. Raise StoreError, after which another run continues with the rest."""
    migrations = shipped() if files is None else files
    with CassandraSession(settings) as session, translated(settings, "applying the schema"):
        driver = session.driver
        _create_keyspace(driver, settings.keyspace, replication)
        driver.set_keyspace(settings.keyspace)
        _change(driver, _RECORDS)
        known = {number: (name, checksum) for number, name, checksum in _records(driver)}
        return [_apply(driver, migration, known.get(migration.number)) for migration in migrations]


def _create_keyspace(driver: Any, keyspace: str, replication: Replication) -> None:
    _change(driver, f"CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = {replication.cql()}")
    row = driver.execute("SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = %s", (keyspace,)).one()
    found = {
        key: value.rpartition(".")[2] if key == "class" else value for key, value in (row[0] if row else {}).items()
    }
    if found != replication.options():
        raise StoreError(
            f"keyspace {keyspace!r} exists with replication {found}, not {replication.options()}:"
            " use the replication that it was created with, or alter the keyspace by hand and repair it"
        )


def _records(driver: Any) -> list[tuple[int, str, str]]:
    return list(driver.execute("SELECT number, name, checksum FROM schema_migrations"))


def _apply(driver: Any, migration: Migration, known: tuple[str, str] | None) -> FileOutcome:
    if known is None:
        for statement in migration.statements:
            _change(driver, statement)
        known = _record(driver, migration)
        if known is None:
            return FileOutcome(number=migration.number, name=migration.name, outcome=Outcome.APPLIED)
    if known[1] != migration.checksum:
        raise StoreError(
            f"schema file {migration.name} was applied as {known[0]} and has changed since then: undo the change and add a file with the next number"
        )
    return FileOutcome(number=migration.number, name=migration.name, outcome=Outcome.ALREADY)


def _record(driver: Any, migration: Migration) -> tuple[str, str] | None:
    """Record the file as applied, and return the record of another run if that was first."""
    values = (migration.number, migration.name, migration.checksum, datetime.now(UTC))
    # The result is (True,), or (False, *row) with the existing row: its key, then its other columns by name.
    applied, *there = driver.execute(
        "INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (%s, %s, %s, %s) IF NOT EXISTS",
        values,
        timeout=_DDL_TIMEOUT_S,
    ).one()
    if applied:
        return None
    _number, _applied_at, checksum, name = there
    return name, checksum


def _change(driver: Any, statement: str) -> None:
    result = driver.execute(SimpleStatement(statement, is_idempotent=True), timeout=_DDL_TIMEOUT_S)
    if not result.response_future.is_schema_agreed:
        raise StoreError("the nodes do not agree on the schema yet: check that all of them are up, and run it again")
