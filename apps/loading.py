"""How settings reach an app: defaults, then `tapeline.toml`, then files named by TAPELINE_SETTINGS, then TAPELINE_… variables, then flags.

A settings file is shared by all apps. It has a table for each group of settings, such as [kafka] and [cassandra], and one for each app with
what is its own, such as [live]. An app reads its own table and the groups that it knows; a table that nobody knows is an error.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import attrs
import typed_settings as ts
from typed_settings.converters import TSConverter
from typed_settings.loaders import EnvLoader, FileLoader, Loader, TomlFormat
from typed_settings.types import OptionList, SettingsClass, SettingsDict

GROUPS: Final = ("finnhub", "kafka", "cassandra", "simulator", "rules")
APPS: Final = ("live", "producer", "simulator", "aggregator", "query", "admin", "stack")

F = TypeVar("F", bound=Callable[..., Any])


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


def app_options(settings_class: type[attrs.AttrsInstance], app: str) -> Callable[[F], F]:
    """Make the flags of a click command from a settings class, with defaults from files and variables."""
    return ts.click_options(
        settings_class, loaders(app), converter=settings_converter(), show_envvars_in_help=True, argname="settings"
    )
