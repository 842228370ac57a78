"""`python -m apps.admin`: set up what the pipeline needs on its servers. Every command may be run again: what is there already stays."""

import sys

import click

from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import DEFAULT_PARTITIONS, Profile, TopicReport, ensure_topics, ensure_watchlist

from .admin_schema import schema_command
from .runtime.commands import run
from .runtime.logs import configure_logs
from .settings.admin import TopicsSettings
from .settings.loader import app_command


def topics(
    settings: KafkaSettings, *, profile: Profile, partitions: int = DEFAULT_PARTITIONS, add_partitions: bool = False
) -> bool:
    """Create the topics and print a line for each; say whether all of them are as wanted. Raises BrokerError."""
    reports = [
        *ensure_topics(settings, profile=profile, partitions=partitions, add_partitions=add_partitions),
        ensure_watchlist(settings, profile=profile),
    ]
    for report in reports:
        click.echo(_line(report))
    if any(difference.startswith("partitions") for report in reports for difference in report.differences):
        click.echo(
            "Partitions are not changed silently: with another number of them, a symbol's new trades may go to another partition than\n"
            "its old ones, and are then no longer in order with these. --add-partitions does it; there is no way back to fewer."
        )
    return not any(report.differences for report in reports)


def _line(report: TopicReport) -> str:
    text = f"{report.topic}: {report.outcome}"
    return f"{text} ({'; '.join(report.differences)})" if report.differences else text


@click.group()
def admin() -> None:
    """Set up topics and tables. Running a command again does no harm."""


@app_command(TopicsSettings, "topics", table="admin")
def topics_command(settings: TopicsSettings) -> None:
    """Create the topics of trades, of dead letters and of the watchlist; exit with 1 when one differs from what is wanted."""
    configure_logs(level="error")
    as_wanted = topics(
        settings.kafka.adapter(),
        profile=Profile(settings.profile),
        partitions=settings.partitions,
        add_partitions=settings.add_partitions,
    )
    sys.exit(0 if as_wanted else 1)


admin.add_command(topics_command)
admin.add_command(schema_command)


if __name__ == "__main__":
    run(admin, "tapeline admin")
