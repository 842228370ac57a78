"""`tapeline admin`: create the topics and tables that the pipeline needs. Running a command again changes nothing that exists."""

import sys
from collections.abc import Mapping

import click

from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import FileOutcome
from adapters.cassandra.settings import CassandraSettings
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import DEFAULT_PARTITIONS, Profile, TopicReport
from domain.program_rights import ROLES

from .containers.commands import AdminContainer
from .runtime.commands import run
from .runtime.logs import configure_logs
from .settings.admin import PROFILES, AclsSettings, RolesSettings, SchemaSettings, TopicsSettings
from .settings.loader import app_command
from .settings.production import require_production


def topics(
    settings: KafkaSettings, *, profile: Profile, partitions: int = DEFAULT_PARTITIONS, add_partitions: bool = False
) -> bool:
    """Create the topics, print a line for each, and return whether all of them are as wanted. Raise BrokerError."""
    container = AdminContainer(kafka=settings)
    reports: list[TopicReport] = [
        *container.ensure_topics(profile=profile, partitions=partitions, add_partitions=add_partitions),
        container.ensure_candles(profile=profile, partitions=partitions, add_partitions=add_partitions),
        container.ensure_watchlist(profile=profile),
    ]
    for report in reports:
        click.echo(_line(report))
    if any(difference.startswith("partitions") for report in reports for difference in report.differences):
        click.echo(
            "The number of partitions decides where the trades of a symbol go: after a change, new trades may go to another partition\n"
            "than older ones, and are no longer in order with them. --add-partitions makes the change, which cannot be undone."
        )
    return not any(report.differences for report in reports)


def _line(report: TopicReport) -> str:
    text = f"{report.topic}: {report.outcome}"
    return f"{text} ({'; '.join(report.differences)})" if report.differences else text


def parse_data_centers(text: str) -> dict[str, int]:
    """Return the copies of each data centre, read from `dc1:3,dc2:3`. Raise ValueError on any other form."""
    centers: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, colon, copies = part.rpartition(":")
        if not colon or not copies.isdecimal() or name in centers:
            raise ValueError(f"{part!r}: name the data centres, once each, as in dc1:3,dc2:3")
        centers[name] = int(copies)
    return centers


def schema(
    settings: CassandraSettings, profile: str, data_centers: Mapping[str, int] | None = None
) -> list[FileOutcome]:
    """Apply the schema with the profile's replication and return the outcome of each file.

    Raise ValueError on a wrong profile, StoreError if the server cannot apply it.
    """
    outcomes: list[FileOutcome] = AdminContainer(cassandra=settings).apply_schema(
        _replication(profile, data_centers or {})
    )
    return outcomes


def _replication(profile: str, data_centers: Mapping[str, int]) -> Replication:
    if profile == "production":
        return Replication.production(data_centers)
    if profile != "dev":
        raise ValueError(f"profile {profile!r}: choose one of {', '.join(PROFILES)}")
    if data_centers:
        raise ValueError("the profile dev keeps one copy and takes no data centres")
    return Replication.dev()


def acls(settings: KafkaSettings, *, dry_run: bool = False) -> None:
    """Create the ACLs that are missing, unless `dry_run`, and print a line for each ACL. Raise BrokerError."""
    for report in AdminContainer(kafka=settings).ensure_acls(dry_run=dry_run):
        click.echo(f"{report.text}: {_outcome(dry_run=dry_run, was_missing=report.was_missing)}")


def roles(settings: CassandraSettings, passwords: Mapping[str, str], *, dry_run: bool = False) -> None:
    """Create the roles and grants that are missing, unless `dry_run`, and print a line for each. Raise StoreError."""
    for report in AdminContainer(cassandra=settings).ensure_roles(passwords=passwords, dry_run=dry_run):
        click.echo(f"{report.text}: {_outcome(dry_run=dry_run, was_missing=report.was_missing)}")


def _outcome(*, dry_run: bool, was_missing: bool) -> str:
    if not was_missing:
        return "exists"
    return "missing" if dry_run else "created"


@click.group()
def admin() -> None:
    """Create topics and tables, and grant each program its rights. A command may be run again: it adds only what is missing."""


@app_command(TopicsSettings, "topics", table="admin")
def topics_command(settings: TopicsSettings) -> None:
    """Create the topics for trades, dead letters, feed events, candles and the watchlist. Exit with 1 if one differs from what is wanted."""
    configure_logs(level="error")
    as_wanted = topics(
        settings.kafka.adapter(),
        profile=Profile(settings.profile),
        partitions=settings.partitions,
        add_partitions=settings.add_partitions,
    )
    sys.exit(0 if as_wanted else 1)


@app_command(SchemaSettings, "schema", table="admin")
def schema_command(settings: SchemaSettings) -> None:
    """Create Cassandra's keyspace and tables, or apply the migrations that are missing."""
    configure_logs(level="error")
    try:
        centers = parse_data_centers(settings.data_centers)
        if settings.profile == "production":
            require_production(data_centers=centers)
        outcomes = schema(settings.cassandra.adapter(), settings.profile, centers)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    for outcome in outcomes:
        click.echo(f"{outcome.name}: {outcome.outcome}")


@app_command(AclsSettings, "acls", table="admin")
def acls_command(settings: AclsSettings) -> None:
    """Grant each program's Kafka user what it needs, and nothing more. Existing ACLs stay."""
    configure_logs(level="error")
    acls(settings.kafka.adapter(), dry_run=settings.dry_run)


@app_command(RolesSettings, "roles", table="admin")
def roles_command(settings: RolesSettings) -> None:
    """Create a Cassandra role for each program, with the grants that it needs. Existing roles and grants stay."""
    configure_logs(level="error")
    roles(settings.cassandra.adapter(), settings.passwords_of(ROLES), dry_run=settings.dry_run)


admin.add_command(topics_command)
admin.add_command(schema_command)
admin.add_command(acls_command)
admin.add_command(roles_command)


if __name__ == "__main__":
    run(admin, "tapeline admin")
