"""`python -m apps.admin`: set up what the pipeline needs on its servers. Every command may be run again: what is there already stays."""

import sys
from typing import Final

import click

from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import DEFAULT_PARTITIONS, Profile, TopicReport, ensure_topics
from domain.errors import TapelineError

from .admin_schema import schema_command
from .logs import configure_logs

_DEFAULT: Final = KafkaSettings()


def topics(
    settings: KafkaSettings, *, profile: Profile, partitions: int = DEFAULT_PARTITIONS, add_partitions: bool = False
) -> bool:
    """Create the topics and print a line for each; say whether all of them are as wanted. Raises BrokerError."""
    reports = ensure_topics(settings, profile=profile, partitions=partitions, add_partitions=add_partitions)
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


@admin.command("topics")
@click.option(
    "--profile",
    type=click.Choice([profile.value for profile in Profile]),
    default=Profile.DEV.value,
    show_default=True,
    help="dev: 1 copy; production: 3 copies, 2 in sync.",
)
@click.option(
    "--partitions",
    type=click.IntRange(min=1),
    default=DEFAULT_PARTITIONS,
    show_default=True,
    help="Partitions of each topic.",
)
@click.option("--add-partitions", is_flag=True, help="Add partitions to topics that have fewer.")
@click.option(
    "--bootstrap-servers",
    envvar="TAPELINE_KAFKA_BOOTSTRAP_SERVERS",
    default=_DEFAULT.bootstrap_servers,
    show_default=True,
    metavar="HOST:PORT,…",
    help="Brokers to begin with.",
)
@click.option(
    "--trades-topic",
    envvar="TAPELINE_KAFKA_TRADES_TOPIC",
    default=_DEFAULT.trades_topic,
    show_default=True,
    help="Topic of valid trades.",
)
@click.option(
    "--dead-letters-topic",
    envvar="TAPELINE_KAFKA_DEAD_LETTERS_TOPIC",
    default=_DEFAULT.dead_letters_topic,
    show_default=True,
    help="Topic of what was rejected.",
)
def topics_command(
    profile: str,
    partitions: int,
    add_partitions: bool,
    bootstrap_servers: str,
    trades_topic: str,
    dead_letters_topic: str,
) -> None:
    """Create the topics of trades and of dead letters; exit with 1 when one differs from what is wanted."""
    configure_logs(level="error")
    settings = KafkaSettings(
        bootstrap_servers=bootstrap_servers, trades_topic=trades_topic, dead_letters_topic=dead_letters_topic
    )
    try:
        as_wanted = topics(settings, profile=Profile(profile), partitions=partitions, add_partitions=add_partitions)
    except TapelineError as error:
        raise click.ClickException(str(error)) from error
    sys.exit(0 if as_wanted else 1)


admin.add_command(schema_command)


if __name__ == "__main__":
    admin()
