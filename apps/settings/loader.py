"""How settings reach an app: defaults, then `tapeline.toml`, then files named by TAPELINE_SETTINGS, then TAPELINE_… variables, then flags.

Secrets have no flags.

A settings file is shared by all apps. It has a table for each group of settings, such as [kafka] and [cassandra], and one for each app with
its own settings, such as [live]. An app reads its own table and the groups that it uses; an unknown table is an error.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import click
import typed_settings as ts
from typed_settings.converters import TSConverter
from typed_settings.exceptions import ConfigFileLoadError, TsError
from typed_settings.loaders import EnvLoader, FileLoader, Loader, TomlFormat
from typed_settings.types import SECRET_REPR, OptionList, SettingsClass, SettingsDict

from .secret_files import SecretFileError
from .settings_file_secrets import check_file_of_secrets

FILES_VARIABLE: Final = "TAPELINE_SETTINGS"
GROUPS: Final = ("finnhub", "kafka", "cassandra", "simulator", "rules", "web", "metrics")
_WRAPPED: Final = re.compile(
    r"Could not convert loaded settings: \w+\((['\"])(.*?)\1(?:, Attribute\(name=.*)?\)$", re.DOTALL
)
_OPTION: Final = re.compile(r"for option '([\w.]+)' (?:with type|from loader)")
"""The texts around it quote the value, which may be a table with a secret in it."""

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
    "report",
    "dlq",
    "doctor",
)


class SharedToml(TomlFormat):
    """The tables of a shared TOML file that one app reads."""

    def __init__(self, app: str) -> None:
        super().__init__(None)
        self._app = app

    def __call__(self, path: Path, settings_cls: SettingsClass, options: OptionList) -> SettingsDict:
        """Return the app's settings as one dict. Unknown names stay in it, and typed-settings rejects them by name."""
        try:
            document = dict(super().__call__(path, settings_cls, options))
        except (ValueError, RecursionError) as error:
            raise ConfigFileLoadError(f"{path}: not a TOML file: {type(error).__name__}") from error
        except OSError as error:
            raise ConfigFileLoadError(f"{path}: {error.strerror}") from error
        own = document.get(self._app, {})
        if not isinstance(own, Mapping):
            raise ConfigFileLoadError(f"{path}: {self._app} is a table: [{self._app}]")
        mine = {option.path.partition(".")[0] for option in options if "." in option.path}
        others = {name for name in (*GROUPS, *APPS) if name not in mine}
        found = {**{name: table for name, table in document.items() if name not in others}, **own}
        try:
            check_file_of_secrets(path, found, [option.path for option in options if option.is_secret])
        except SecretFileError as error:
            raise ConfigFileLoadError(str(error)) from error
        return found


def comma_separated(text: str) -> list[str]:
    """Return the parts of a list as people write it, without the spaces around them and without empty parts."""
    return [part for part in map(str.strip, text.split(",")) if part]


def settings_converter() -> TSConverter:
    """Convert values from text: lists are separated by commas."""
    return TSConverter(strlist_sep=comma_separated)


def loaders(app: str) -> list[Loader]:
    """Return the sources of the app's settings, in order of increasing precedence. Raise ConfigFileLoadError for a file that is named and missing."""
    named = [name for name in os.environ.get(FILES_VARIABLE, "").split(":") if name]
    for name in named:
        try:
            Path(name).stat()
        except OSError as error:
            raise ConfigFileLoadError(f"{name}: {error.strerror}; {FILES_VARIABLE} names this file") from error
    return [FileLoader({"*.toml": SharedToml(app)}, ["tapeline.toml", *named]), EnvLoader("TAPELINE_")]


class _MadeCommand(click.Command):
    """The command that a `SettingsCommand` creates and click runs."""

    def invoke(self, ctx: click.Context) -> Any:
        with _wrong_settings_in_words():
            return super().invoke(ctx)


class SettingsCommand(click.Command):
    """A click command whose flags are made from a settings class when it is first used.

    They are made late because the defaults that --help shows come from files and variables. If these were read at import, one wrong value would break every
    program that imports the module.
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
            try:
                options = ts.click_options(
                    self._settings_class,
                    loaders(self._table),
                    converter=settings_converter(),
                    show_envvars_in_help=True,
                    argname="settings",
                )(self._callback)
            except ValueError as error:
                # Its text has the value, which may hold a secret.
                option = _OPTION.search(str(error))
                raise click.UsageError(f"{option[1] if option else 'a setting'}: a value of another type") from error
            made = click.command(self.name, cls=_MadeCommand)(options)
            # A secret has no flag, because every user of the machine can read the flags of a process.
            made.params = [flag for flag in made.params if getattr(flag, "show_default", None) != SECRET_REPR]
            self._made = made
        return self._made

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the flags."""
        return self._command().get_params(ctx)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse the arguments. Raise click.UsageError on wrong settings from any source."""
        with _wrong_settings_in_words():
            return self._command().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the app with its settings. Raise click.UsageError on wrong settings."""
        return self._command().invoke(ctx)


def app_command(
    settings_class: type[attrs.AttrsInstance], name: str, *, table: str | None = None
) -> Callable[[Callable[..., None]], SettingsCommand]:
    """Return a decorator that turns a function of `settings` into a click command whose flags are the settings.

    `table` is the name of its table in a settings file, if that is not `name`. Put click's own arguments and options below this decorator.
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
    """Return the causes, without the words that typed-settings adds to a validator's message."""
    if isinstance(error, BaseExceptionGroup):
        return [text for part in error.exceptions for text in _causes(part)]
    option = _OPTION.search(str(error))
    if option and "has no attribute 'items'" in str(error):
        return [f"{option[1]}: a value of another type"]
    match = _WRAPPED.search(str(error))
    return [match[2] if match else str(error)]
