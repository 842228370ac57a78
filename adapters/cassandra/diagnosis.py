"""Checks of a Cassandra cluster: does it answer, is the schema complete, may this user read the tables, and does its clock agree with this machine's."""

from collections.abc import Sequence
from typing import Any, Final

import attrs

from adapters.system_clock import system_clock
from ports.clock import Clock
from ports.diagnosis import Finding
from ports.errors import StoreError

from .errors import translated
from .migrations import shipped
from .session import CassandraSession
from .settings import CassandraSettings

TOLERANCE_MS: Final = 2_000
TABLES: Final = (
    "trades_v2",
    "trade_aggregates",
    "candle_revisions",
    "feed_events",
    "daily_reports",
    "daily_candles",
    "schema_migrations",
)


class CassandraDiagnosis:
    """A `ports.diagnosis.Diagnosis` of the cluster and the keyspace of the settings."""

    def __init__(self, settings: CassandraSettings, *, now_ms: Clock = system_clock) -> None:
        self._settings = attrs.evolve(settings, request_timeout_s=min(settings.request_timeout_s, 5.0))
        self._now_ms = now_ms

    def findings(self) -> Sequence[Finding]:
        """Return the findings."""
        try:
            with CassandraSession(self._settings) as session:
                return self._check(session.driver)
        except StoreError as error:
            return [Finding(check="cassandra.reachable", ok=False, detail=str(error))]

    def _check(self, driver: Any) -> Sequence[Finding]:
        with translated(self._settings, "asking for the version"):
            version, moment_ms = driver.execute(
                "SELECT release_version, toUnixTimestamp(now()) AS bigint FROM system.local"
            ).one()
        ahead_ms = moment_ms - self._now_ms()
        return [
            Finding(check="cassandra.reachable", ok=True, detail=f"Cassandra {version} answers"),
            self._schema(driver),
            self._rights(driver),
            Finding(
                check="cassandra.clock",
                ok=abs(ahead_ms) <= TOLERANCE_MS,
                detail=f"{abs(ahead_ms) / 1000:.1f} s {'ahead of' if ahead_ms > 0 else 'behind'} this machine",
            ),
        ]

    def _schema(self, driver: Any) -> Finding:
        try:
            with translated(self._settings, "reading the applied migrations"):
                rows = driver.execute(f"SELECT number, checksum FROM {self._settings.keyspace}.schema_migrations")  # noqa: S608
                applied = dict(tuple(row) for row in rows)
        except StoreError as error:
            return Finding(check="cassandra.schema", ok=False, detail=str(error))
        migrations = shipped()
        missing = [migration.name for migration in migrations if migration.number not in applied]
        changed = [m.name for m in migrations if applied.get(m.number, m.checksum) != m.checksum]
        wrong = [f"not applied: {', '.join(missing)}"] if missing else []
        wrong += [f"applied in another version: {', '.join(changed)}"] if changed else []
        detail = "; ".join(wrong) or f"{len(migrations)} migrations are applied"
        return Finding(check="cassandra.schema", ok=not wrong, detail=detail)

    def _rights(self, driver: Any) -> Finding:
        for table in TABLES:
            try:
                with translated(self._settings, f"reading {table}"):
                    driver.execute(f"SELECT * FROM {self._settings.keyspace}.{table} LIMIT 1")  # noqa: S608
            except StoreError as error:
                return Finding(check="cassandra.rights", ok=False, detail=str(error))
        return Finding(check="cassandra.rights", ok=True, detail=f"this user may read {', '.join(TABLES)}")
