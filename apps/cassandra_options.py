"""The flags by which a command is told about Cassandra, with the same names as variables: `--hosts` is TAPELINE_CASSANDRA_HOSTS."""

import functools
import os
from collections.abc import Callable
from typing import Any, Final

import click

from adapters.cassandra.settings import CassandraSettings

_DEFAULT: Final = CassandraSettings()
_OPTIONS: Final = (
    click.option("--hosts", envvar="TAPELINE_CASSANDRA_HOSTS", default=",".join(_DEFAULT.hosts), show_default=True,
                 metavar="HOST,HOST,…", help="Nodes to begin with"),
    click.option("--port", envvar="TAPELINE_CASSANDRA_PORT", type=int, default=_DEFAULT.port, show_default=True),
    click.option("--keyspace", envvar="TAPELINE_CASSANDRA_KEYSPACE", default=_DEFAULT.keyspace, show_default=True),
    click.option("--local-dc", envvar="TAPELINE_CASSANDRA_LOCAL_DC", default=_DEFAULT.local_dc, show_default=True,
                 help="Data centre to talk to"),
    click.option("--username", envvar="TAPELINE_CASSANDRA_USERNAME", default="",
                 help="User, where the server asks for one; the password is taken from TAPELINE_CASSANDRA_PASSWORD"),
)  # fmt: skip


def cassandra_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these flags, and its argument `cassandra` the settings made of them. Wrong ones end in words about how to use it."""

    @functools.wraps(command)
    def with_settings(
        *args: Any, hosts: str, port: int, keyspace: str, local_dc: str, username: str, **kwargs: Any
    ) -> Any:
        try:
            settings = CassandraSettings(
                hosts=tuple(host.strip() for host in hosts.split(",") if host.strip()),
                port=port,
                keyspace=keyspace,
                local_dc=local_dc,
                username=username,
                password=os.environ.get("TAPELINE_CASSANDRA_PASSWORD", ""),
            )
        except ValueError as error:
            raise click.UsageError(_words(error)) from error
        return command(*args, cassandra=settings, **kwargs)

    for option in reversed(_OPTIONS):
        with_settings = option(with_settings)
    return with_settings


def _words(error: ValueError) -> str:
    # attrs' validators put the attribute and the value behind the sentence.
    return str(error.args[0]) if error.args else str(error)
