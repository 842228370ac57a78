"""What the documentation names exists: pages and their sections, commands and their flags."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

import click
import pytest

from apps.cli import COMMANDS

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PAGE_NAMES: Final = [str(page.relative_to(ROOT)) for page in PAGES]

_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FENCED: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_COMMAND: Final = re.compile(
    r"(?:\btapeline|python -m apps\.|make (?=run|stack)|python -m (?=devstack)) ?([a-z]+)((?:[^`|#\n]|\\\n)*)"
)
_FLAG: Final = re.compile(r"(?<![\w-])--[a-z0-9]+(?:-[a-z0-9]+)*(?![-\w…])")
_ALIASES: Final = {"run": "live"}
_OTHERS_TOOLS: Final = {"nodetool", "kafka"}
"""Commands of the dev stack that take the flags of another tool."""


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's sections, as GitHub makes them."""
    headings = _HEADING.findall(_FENCED.sub("", page.read_text(encoding="utf-8")))
    plain = (re.sub(r"\[([^]]*)]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def is_there(link: str, page: Path) -> bool:
    """Return whether a link of a page leads to a file and, if it names one, to a section."""
    path, _, section = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not section or section in anchors(target))


def flags(command: click.Command) -> set[str]:
    """Return the flags of a command."""
    context = click.Context(command)
    return {flag for param in command.get_params(context) for flag in (*param.opts, *param.secondary_opts)}


def unknown_flags(text: str) -> Iterator[str]:
    """Yield each flag that the command on its line does not have."""
    for word, rest in _COMMAND.findall(text):
        name = _ALIASES.get(word, word)
        if name not in COMMANDS:
            continue
        module, _, attribute = COMMANDS[name][0].partition(":")
        command: click.Command | None = getattr(import_module(module), attribute)
        if isinstance(command, click.Group):
            subcommand = next((part for part in rest.split() if part in command.commands), "")
            command = None if subcommand in _OTHERS_TOOLS else command.commands.get(subcommand)
        if command is not None:
            yield from (f"{name} {flag}" for flag in _FLAG.findall(rest) if flag not in flags(command))


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not link.startswith("http") and not is_there(link, page)] == []


@pytest.mark.needs("pyspark")
@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_every_command_has_the_flags_that_a_page_gives_it(page: Path) -> None:
    assert list(unknown_flags(page.read_text(encoding="utf-8"))) == []


def test_a_dead_link_is_found() -> None:
    readme = ROOT / "README.md"
    assert is_there("docs/security.md#rotating", readme)
    assert not is_there("docs/security.md#nowhere", readme)
    assert not is_there("docs/nowhere.md", readme)


def test_an_unknown_flag_is_found() -> None:
    text = "`tapeline producer --nope --feed simulated`, `make run ARGS='--nope'`, `python -m devstack up --nope`, `tapeline dlq list --nope`"
    assert list(unknown_flags(text)) == ["producer --nope", "live --nope", "devstack --nope", "dlq --nope"]


def test_every_place_that_contributing_names_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = text.partition("## Where do I change")[2].partition("\n## ")[0]
    places = re.findall(r"`([\w./]+/[\w./]*)`", rows)
    assert len(places) > 14
    assert [place for place in places if not (ROOT / place).exists()] == []
