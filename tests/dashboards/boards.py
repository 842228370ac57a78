"""The committed dashboards and their queries, with Grafana's variables replaced as Grafana replaces them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "grafana" / "dashboards"
NAMES = ("overview", "producer", "kafka", "spark", "cassandra", "market")

PROMETHEUS = "prometheus"
CASSANDRA = "hadesarchitect-cassandra-datasource"

Json = dict[str, Any]


def read(name: str) -> Json:
    """Read a committed dashboard."""
    board: Json = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return board


def all_boards() -> dict[str, Json]:
    return {name: read(name) for name in NAMES}


def panels(board: Json) -> list[Json]:
    """Return the panels of a dashboard, without the headings of its rows."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


@attrs.frozen
class Target:
    """One query of one panel."""

    board: str
    panel: str
    query: Json

    @property
    def source(self) -> str:
        return str(self.query["datasource"]["type"])

    @property
    def text(self) -> str:
        return str(self.query["expr"] if self.source == PROMETHEUS else self.query["target"])

    @property
    def name(self) -> str:
        return f"{self.board}: {self.panel} {self.query['refId']}"


def targets(source: str) -> list[Target]:
    """Return all queries to data sources of this type."""
    found = [
        Target(name, panel["title"], query)
        for name, board in all_boards().items()
        for panel in panels(board)
        for query in panel["targets"]
    ]
    return [target for target in found if target.source == source]


def variables(board: Json) -> Iterator[Json]:
    yield from board["templating"]["list"]


def substitute(text: str, values: Mapping[str, str]) -> str:
    """Replace `$name` and `${name}` by values; `name` includes the format, if any. Raise KeyError if a variable has no value."""

    def value(match: re.Match[str]) -> str:
        return values[match["plain"] or match["braced"]]

    return re.sub(r"\$(?:\{(?P<braced>[^}]+)\}|(?P<plain>\w+))", value, text)
