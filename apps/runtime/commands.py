"""Running commands: one `tapeline` command whose subcommands are loaded only when called, and one way to end in words instead of tracebacks.

Loading late keeps each app quick to start and lets it work where another app's packages are not installed.
"""

import errno
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Final, NoReturn

import click

from devstack.errors import DevstackError
from domain.errors import TapelineError

from .advice import with_advice
from .packages import how_to_install

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class LazyGroup(click.Group):
    """A group that knows its subcommands by name as `module:attribute`, with a line of help for each."""

    def __init__(self, name: str, *, lazy: Mapping[str, tuple[str, str]], help: str) -> None:  # noqa: A002 - click's word
        super().__init__(name, help=help)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the table."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load one subcommand. Raise click.ClickException that names what to install if a package is missing."""
        if cmd_name not in self._lazy:
            return None
        module, _, attribute = self._lazy[cmd_name][0].partition(":")
        try:
            command = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            raise click.ClickException(
                f"{cmd_name} needs the package {error.name}: {how_to_install(error.name)}"
            ) from error
        assert isinstance(command, click.Command)  # noqa: S101 - a slip in the table, not of the user
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the subcommands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._lazy.items()])


def run(command: click.Command, name: str) -> NoReturn:
    """Run a command as a program: an expected error ends in one line on standard error and a code of 1, a wrong setting in 2."""
    try:
        command.main(prog_name=name)
    except (TapelineError, DevstackError) as error:
        click.echo(f"{name}: {with_advice(error)}", err=True)
        sys.exit(1)
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        click.echo(f"{name}: cannot write its output: {error.strerror}", err=True)
        # At the end Python writes what is left in the buffer, and would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)
