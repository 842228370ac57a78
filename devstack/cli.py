"""The command line: `python -m devstack up|add-node|add-broker|down|status|logs|nodetool|kafka|fetch|lock`.

- Progress goes to stdout. An error is one message on stderr, with exit code 1, or 2 for wrong usage.
- SIGTERM works like Ctrl-C: servers that are still starting are stopped, and their files are removed.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from .errors import DevstackError
from .jars import classpath
from .jars.lockfile import read_lock
from .jars.resolve import resolve_jars
from .server_logs import print_logs
from .servers.cassandra_ring import HINT_WINDOW_S
from .stack import Stack
from .stack.recorded_stack import RecordedStack
from .tools.kafka_tools import run_kafka_tool
from .tools.nodetool import run_nodetool

_NAME = click.option("--name", default="default", show_default=True, help="Name of the stack.")
_HOME = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that holds one folder for each stack [default: .devstack].",
)

# The options of a tool belong to the tool: ours end where its arguments begin.
_TOOL_ARGUMENTS = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Run real Kafka and Cassandra servers on this machine, from jars."""


@cli.command()
@_NAME
@_HOME
@click.option("--kafka/--no-kafka", default=True, help="Run Kafka.")
@click.option("--cassandra/--no-cassandra", default=True, help="Run Cassandra.")
@click.option("--kafka-port", type=int, help="Port of the first broker [default: 9092 or the next free one].")
@click.option("--cassandra-port", type=int, help="Port for CQL [default: 9042 or the next free one].")
@click.option("--brokers", default=1, show_default=True, help="Number of Kafka brokers.")
@click.option("--nodes", default=1, show_default=True, help="Number of Cassandra nodes, on 127.0.0.1, .2, .3.")
@click.option("--data-centers", default=1, show_default=True, help="Data centres of Cassandra; each has a node.")
@click.option("--hint-window", default=HINT_WINDOW_S, show_default=True, help="Cassandra's hint window, in seconds.")
@click.option("--kafka-heap-mb", default=512, show_default=True, help="Heap of each broker, in MiB.")
@click.option("--cassandra-heap-mb", default=1024, show_default=True, help="Heap of each node, in MiB.")
@click.option("--quick-jit", is_flag=True, help="Use less CPU to start; servers are slower under full load.")
@click.option("--secure", is_flag=True, help="Use TLS, users and rights; secrets are in the stack's folder.")
def up(
    name: str,
    home: Path | None,
    kafka: bool,
    cassandra: bool,
    kafka_port: int | None,
    cassandra_port: int | None,
    brokers: int,
    nodes: int,
    data_centers: int,
    hint_window: int,
    kafka_heap_mb: int,
    cassandra_heap_mb: int,
    quick_jit: bool,
    secure: bool,
) -> None:
    """Start the servers and return when clients can use them."""
    Stack(
        name=name,
        home=home,
        kafka=kafka,
        cassandra=cassandra,
        kafka_port=kafka_port,
        cassandra_port=cassandra_port,
        brokers=brokers,
        nodes=nodes,
        data_centers=data_centers,
        hint_window_s=hint_window,
        kafka_heap_mb=kafka_heap_mb,
        cassandra_heap_mb=cassandra_heap_mb,
        quick_jit=quick_jit,
        secure=secure,
        report=click.echo,
    ).up()


@cli.command()
@_NAME
@_HOME
def add_node(name: str, home: Path | None) -> None:
    """Add a Cassandra node to the running ring, and return when it has joined."""
    Stack(name=name, home=home, report=click.echo).add_node()


@cli.command()
@_NAME
@_HOME
def add_broker(name: str, home: Path | None) -> None:
    """Add a Kafka broker to the running cluster. It has no partitions until some are assigned to it."""
    Stack(name=name, home=home, report=click.echo).add_broker()


@cli.command()
@_NAME
@_HOME
@click.option("--keep-data", is_flag=True, help="Keep the data for the next `up`.")
def down(name: str, home: Path | None, keep_data: bool) -> None:
    """Stop the servers and remove their data."""
    Stack(name=name, home=home, report=click.echo).down(keep_data=keep_data)


@cli.command()
@_NAME
@_HOME
def status(name: str, home: Path | None) -> None:
    """Show each server. The exit code is 1 when one is not up."""
    stack = RecordedStack(name=name, home=home)
    servers = stack.status()
    targets = stack.metrics_targets if servers else {}
    for server in servers:
        pid = server.pid or "-"
        address = f"{server.host}:{server.port}"
        click.echo(f"{server.name:<12} {server.state:<7} pid {pid:<8} {address:<16} metrics {targets[server.name]}")
    if not servers:
        click.echo(f"there is no stack {name!r}")
    sys.exit(0 if servers and all(server.up for server in servers) else 1)


@cli.command()
@_NAME
@_HOME
@click.option("-f", "--follow", is_flag=True, help="Print new lines as they are written, until Ctrl-C.")
@click.argument("service", required=False)
def logs(name: str, home: Path | None, follow: bool, service: str | None) -> None:
    """Print the log of SERVICE, such as kafka-1, or the logs of all servers."""
    stack = RecordedStack(name=name, home=home)
    names = [service] if service else [server.name for server in stack.status()]
    if not names:
        raise DevstackError(f"there is no stack {name!r}")
    print_logs({name: stack.log_file(name) for name in names}, follow=follow)


@cli.command(context_settings=_TOOL_ARGUMENTS)
@_NAME
@_HOME
@click.option("--node", default="cassandra-1", show_default=True, help="The node to connect to.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def nodetool(name: str, home: Path | None, node: str, arguments: Sequence[str]) -> None:
    """Run Cassandra's nodetool with ARGUMENTS, such as `status`."""
    sys.exit(run_nodetool(RecordedStack(name=name, home=home), node, arguments))


@cli.command(context_settings=_TOOL_ARGUMENTS)
@_NAME
@_HOME
@click.argument("tool")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def kafka(name: str, home: Path | None, tool: str, arguments: Sequence[str]) -> None:
    """Run a Kafka TOOL with ARGUMENTS, such as `kafka-topics --list`."""
    stack = RecordedStack(name=name, home=home)
    client = stack.secrets.kafka_client if stack.secrets is not None else None
    sys.exit(run_kafka_tool(tool, arguments, bootstrap_servers=stack.bootstrap_servers, client_properties=client))


@cli.command()
@click.argument("groups", nargs=-1, metavar="[kafka|cassandra|spark|jmx]...")
def fetch(groups: Sequence[str]) -> None:
    """Download the jars of these groups, or of all groups, unless they are in the cache."""
    for group in groups or list(read_lock()):
        jars = classpath(group)
        click.echo(f"{group}: {len(jars)} jars in the cache")


@cli.command()
def lock() -> None:
    """Resolve the jars with Maven and rewrite the lock file."""
    resolve_jars(click.echo)


def main() -> None:
    """Run the command line and exit with its code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except DevstackError as error:
        click.echo(f"devstack: {error}", err=True)
        sys.exit(1)
