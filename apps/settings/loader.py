"""How settings reach an app: defaults, then `tapeline.toml`, then files named by TAPELINE_SETTINGS, then TAPELINE_… variables, then flags.

A settings file is shared by all apps. It has a table for each group of settings, such as [kafka] and [cassandra], and one for each app with
what is its own, such as [live]. An app reads its own table and the groups that it knows; a table that nobody knows is an error.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

import attrs
import click
import typed_settings as ts
from typed_settings.converters import TSConverter
from typed_settings.exceptions import TsError
from typed_settings.loaders import EnvLoader, FileLoader, Loader, TomlFormat
from typed_settings.types import OptionList, SettingsClass, SettingsDict

GROUPS: Final = ("finnhub", "kafka", "cassandra", "simulator", "rules", "web", "metrics")
_WRAPPED: Final = re.compile(r"Could not convert loaded settings: \w+\((['\"])(.*)\1\)$", re.DOTALL)
APPS: Final = (
    "live",
    "producer",
    "simulator",
    "aggregator",
    "query",
    "admin",
    "stack",
    "dashboard",
    "watchlist",
    "reconcile",
    "doctor",
)


class SharedToml(TomlFormat):
    """The tables of a shared TOML file that one app reads."""

    def __init__(self, app: str) -> None:
        super().__init__(None)
        self._app = app

    def __call__(self, path: Path, settings_cls: SettingsClass, options: OptionList) -> SettingsDict:
        """Give the app's settings as one dict; what nobody knows stays in, and typed-settings refuses it by name."""
        document = dict(super().__call__(path, settings_cls, options))
        own = cast("SettingsDict", document.get(self._app, {}))
        mine = {option.path.partition(".")[0] for option in options if "." in option.path}
        others = {name for name in (*GROUPS, *APPS) if name not in mine}
        return {**{name: table for name, table in document.items() if name not in others}, **own}


def settings_converter() -> TSConverter:
    """Convert values from text: lists are separated by commas."""
    return TSConverter(strlist_sep=",")


def loaders(app: str) -> list[Loader]:
    """Give where the app's settings come from, the weakest first."""
    files = FileLoader({"*.toml": SharedToml(app)}, ["tapeline.toml"], "TAPELINE_SETTINGS")
    return [files, EnvLoader("TAPELINE_")]


class _MadeCommand(click.Command):
    """What a `SettingsCommand` makes; click runs this one."""

    def invoke(self, ctx: click.Context) -> Any:
        with _wrong_settings_in_words():
            return super().invoke(ctx)


class SettingsCommand(click.Command):
    """A click command whose flags are made from a settings class when it is first used.

    Made later than imported, because the defaults shown by --help come from files and variables: reading these at import would make one wrong
    value in one of them break everything that imports the app.
    """

    def __init__(
        self, name: str, callback: Callable[..., None], settings_class: type[attrs.AttrsInstance], table: str
    ) -> None:
        super().__init__(name, help=callback.__doc__)
        self._table = table
        self._callback = callback
        self._settings_class = settings_class
        self._made: click.Command | None = None

    def _command(self) -> click.Command:
        if self._made is None:
            options = ts.click_options(
                self._settings_class,
                loaders(self._table),
                converter=settings_converter(),
                show_envvars_in_help=True,
                argname="settings",
            )
            self._made = click.command(self.name, cls=_MadeCommand)(options(self._callback))
        return self._made

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Give the flags."""
        return self._command().get_params(ctx)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse the arguments. Raises click.UsageError on settings that cannot be right, wherever they come from."""
        with _wrong_settings_in_words():
            return self._command().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the app with its settings. Raises click.UsageError on settings that cannot be right."""
        return self._command().invoke(ctx)


def app_command(
    settings_class: type[attrs.AttrsInstance], name: str, *, table: str | None = None
) -> Callable[[Callable[..., None]], SettingsCommand]:
    """Make a click command of a function that takes `settings`; its flags are the settings.

    `table` is the name of its table in a settings file, where that is not its own name. Arguments and options of click's own come below.
    """
    return lambda callback: SettingsCommand(name, callback, settings_class, table or name)


def settings_errors(settings_class: type[attrs.AttrsInstance], app: str) -> list[str]:
    """Return what is wrong with an app's settings in files and variables; empty if they are valid."""
    try:
        ts.load_settings(settings_class, loaders(app), converter=settings_converter())
    except TsError as error:
        return _causes(error)
    return []


@contextmanager
def _wrong_settings_in_words() -> Iterator[None]:
    try:
        yield
    except TsError as error:
        raise click.UsageError("; ".join(_causes(error))) from error


def _causes(error: BaseException) -> list[str]:
    """Give what went wrong, without the words that typed-settings puts around a validator's own."""
    if isinstance(error, BaseExceptionGroup):
        return [text for part in error.exceptions for text in _causes(part)]
    match = _WRAPPED.search(str(error))
    return [match[2] if match else str(error)]
