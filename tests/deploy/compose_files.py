"""The compose files, with their variables replaced by the defaults as an engine does it."""

import re
from functools import cache
from typing import Any, Final

import yaml

from .overlays import ROOT

FOLDER: Final = ROOT / "deploy" / "compose"
FILES: Final = ("dev", "production-like")
_DEFAULT: Final = re.compile(r"\$\{\w+:-([^}]*)\}")


@cache
def compose(name: str) -> dict[str, Any]:
    """Return a compose file."""
    text = (FOLDER / f"compose.{name}.yaml").read_text()
    document: dict[str, Any] = yaml.safe_load(_DEFAULT.sub(r"\1", text).replace("$$", "$"))
    return document


def services(name: str) -> dict[str, dict[str, Any]]:
    """Return the services of a compose file by name."""
    found: dict[str, dict[str, Any]] = compose(name)["services"]
    return found


def programs(name: str) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Return the arguments of `tapeline` and the variables of each service that runs it."""
    found = {}
    for service, settings in services(name).items():
        command = list(settings.get("command", ()))
        if "/tapeline" in settings["image"] and command != ["true"]:
            arguments = command[1:] if command[0] == "tapeline" else command
            found[service] = (arguments, {key: str(value) for key, value in settings["environment"].items()})
    return found
