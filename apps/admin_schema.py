"""`schema`: create the keyspace and tables, or bring them forward. Running it again does nothing."""

from collections.abc import Mapping

import click

from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import FileOutcome, apply_schema
from adapters.cassandra.settings import CassandraSettings

from .runtime.logs import configure_logs
from .settings.admin import SchemaSettings
from .settings.loader import app_command

PROFILES = ("dev", "production")


def parse_data_centers(text: str) -> dict[str, int]:
    """Read `dc1:3,dc2:3`. Raises ValueError on anything else."""
    centres: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, colon, copies = part.rpartition(":")
        if not colon or not copies.isdecimal() or name in centres:
            raise ValueError(f"{part!r}: data centres are given once each, like dc1:3,dc2:3")
        centres[name] = int(copies)
    return centres


def schema(
    settings: CassandraSettings, profile: str, data_centers: Mapping[str, int] | None = None
) -> list[FileOutcome]:
    """Apply the schema with the profile's replication. Raises ValueError on a wrong profile, StoreError when the server cannot do it."""
    if profile == "production":
        return apply_schema(settings, Replication.production(data_centers or {}))
    if profile != "dev":
        raise ValueError(f"profile {profile!r} is none of {', '.join(PROFILES)}")
    if data_centers:
        raise ValueError("the profile dev has one copy and takes no data centres")
    return apply_schema(settings, Replication.dev())


@app_command(SchemaSettings, "schema", table="admin")
def schema_command(settings: SchemaSettings) -> None:
    """Create Cassandra's keyspace and tables, or bring them forward."""
    configure_logs(level="error")
    try:
        outcomes = schema(settings.cassandra.adapter(), settings.profile, parse_data_centers(settings.data_centers))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    for outcome in outcomes:
        click.echo(f"{outcome.name}: {outcome.outcome}")
