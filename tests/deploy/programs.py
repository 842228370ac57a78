"""The programs' own settings, as the judge of what a deployment passes to them: arguments, and TAPELINE_ variables."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import click
import typed_settings as ts

from apps.cli import tapeline
from apps.settings.loader import SettingsCommand, loaders, settings_converter

OTHER_VARIABLES = {"TAPELINE_SETTINGS"}
"""Variables that programs read and that are not the name of a setting."""
SECRET_FILES = ("_TOKEN_FILE", "_PASSWORD_FILE")
"""The ends of variables that name the file of a secret. The secret itself has a variable, and no flag."""


def command_of(arguments: Sequence[str]) -> tuple[click.Command, list[str]]:
    """Return the command that the arguments of `tapeline` name, and its own arguments."""
    command: click.Command = tapeline
    rest = list(arguments)
    while isinstance(command, click.Group):
        _, found, rest = command.resolve_command(click.Context(command), rest)
        assert found is not None, arguments
        command = found
    return command, rest


def unknown_variables(arguments: Sequence[str], environment: Mapping[str, str]) -> set[str]:
    """Return the TAPELINE_ variables that the program does not read."""
    command, _ = command_of(arguments)
    known = {str(param.envvar) for param in command.get_params(click.Context(command))}
    known |= {name.removesuffix("_FILE") for name in known if name.endswith(SECRET_FILES)}
    return {name for name in environment if name.startswith("TAPELINE_")} - known - OTHER_VARIABLES


def settings_of(arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> Any:
    """Parse the arguments as the program does, and return the settings that it makes of the environment.

    Files that they name are made in `folder`, because settings read their secrets. Raise click.UsageError on a wrong argument, and
    typed-settings' error on a wrong variable.
    """
    values = {name: value for name, value in environment.items() if name.startswith("TAPELINE_")}
    for name, path in values.items():
        if name.endswith("_FILE"):
            values[name] = _file(folder, path)
    values.pop("TAPELINE_SETTINGS", None)
    others = {name: value for name, value in os.environ.items() if not name.startswith("TAPELINE_")}
    command, rest = command_of(arguments)
    assert isinstance(command, SettingsCommand)
    with mock.patch.dict(os.environ, {**others, **values}, clear=True):
        command.make_context("tapeline", [_argument(folder, one) for one in rest])
        return ts.load_settings(command._settings_class, loaders(command._table), converter=settings_converter())


def _argument(folder: Path, argument: str) -> str:
    return _file(folder, argument) if argument.startswith(("/etc/", "/run/")) else argument


def _file(folder: Path, path: str) -> str:
    file = folder / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text("a-secret-of-enough-length")
    return str(file)
