"""The tables that describe the dashboards: `tables/NAME.yml` for each, with a title, variables, and rows of panels from top to bottom.

`tables/shared.yml` holds what several dashboards use. A panel names shared queries under `shared`. A row with `shared` stands for a shared row,
in which `instance` replaces the variable `$instance`. An unknown or missing key raises TypeError or KeyError, so no typing error goes unnoticed.
"""

from pathlib import Path
from typing import Any, Final

import attrs
import yaml

FOLDER: Final = Path(__file__).parent / "tables"
NAMES: Final = ("overview", "producer", "kafka", "spark", "cassandra", "market")


@attrs.frozen
class Query:
    """A PromQL expression, and the name of its series in the legend."""

    legend: str
    expr: str


@attrs.frozen(kw_only=True)
class Panel:
    """One panel: how it looks, its help text, and its queries. A panel on Cassandra names columns of the candles instead of queries."""

    kind: str
    title: str
    width: int
    unit: str = "none"
    thresholds: dict[str, float | None] = attrs.field(factory=lambda: {"blue": None})
    """The value from which each colour applies, lowest first. The first one has None: minus infinity. 1e-9 stands for anything above 0."""
    max: float | None = None
    stacked: bool = False
    runbook: str | None = None
    columns: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    shows: str
    normal: str
    otherwise: str
    queries: tuple[Query, ...]

    @property
    def help(self) -> str:
        """Return the help text as Markdown: what the panel shows, what is normal, and what to do otherwise."""
        return f"{self.shows}\n\n**Normal:** {self.normal}\n\n**Otherwise:** {self.otherwise}"


@attrs.frozen(kw_only=True)
class Variable:
    """A choice at the top of a dashboard: instances that export `metric`, data sources of a `plugin`, or fixed `values`."""

    name: str
    label: str
    metric: str | None = None
    plugin: str | None = None
    values: tuple[str, ...] = attrs.field(default=(), converter=tuple)


@attrs.frozen(kw_only=True)
class Board:
    """One dashboard; its panels are grouped into rows by the title of the row."""

    title: str
    description: str
    rows: dict[str, list[Panel]]
    variables: list[Variable]
    time_from: str = "now-30m"


def read_board(name: str, folder: Path = FOLDER) -> Board:
    """Read the table of one dashboard. Raise TypeError or KeyError if a key is unknown or missing."""
    table, shared = _read(folder, name), _read(folder, "shared")
    rows = {title: _panels(row, shared) for title, row in table.pop("rows").items()}
    variables = [Variable(**entry) for entry in table.pop("variables", [])]
    return Board(rows=rows, variables=variables, **table)


def _read(folder: Path, name: str) -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load((folder / f"{name}.yml").read_text("utf-8"))
    return table


def _panels(row: Any, shared: dict[str, Any]) -> list[Panel]:
    if isinstance(row, list):
        return [_panel(entry, shared["queries"]) for entry in row]
    panels = _panels(shared["rows"][row["shared"]], shared)
    return [attrs.evolve(panel, queries=_with_instance(panel.queries, row["instance"])) for panel in panels]


def _panel(entry: dict[str, Any], shared_queries: dict[str, dict[str, str]]) -> Panel:
    shared = [query for name in entry.pop("shared", []) for query in shared_queries[name].items()]
    queries = [Query(*query) for query in (*shared, *entry.pop("queries", {}).items())]
    return Panel(**entry.pop("panel"), **entry, queries=tuple(queries))


def _with_instance(queries: tuple[Query, ...], variable: str) -> tuple[Query, ...]:
    return tuple(attrs.evolve(query, expr=query.expr.replace("$instance", variable)) for query in queries)
