"""The dashboards, built from their tables.

All of them share the refresh interval, the links to each other, annotations where alerts fire, and variables for the data source and the
runbooks. Panels are numbered in the order of the table.
"""

import json
from collections.abc import Callable
from typing import Final, Protocol

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as types

from .cassandra_panels import candle_graph, candles, trades
from .panels import PROMETHEUS, alerts, graph, single_stat, state, timeline
from .schema import NAMES, Panel, Variable, read_board

TAG: Final = "tapeline"
RUNBOOKS_URL: Final = "docs/runbooks"
"""The default is a path in this repository, as in the alerts' `runbook_url`. An option of the program replaces it by a URL."""


class PanelBuilder(Protocol):
    """A builder of any kind of panel. The dashboard sets the panel's number."""

    def id(self, id_val: int) -> Builder[types.Panel]:
        """Set the number."""
        ...


KINDS: Final[dict[str, Callable[[Panel], PanelBuilder]]] = {
    "graph": graph,
    "stat": single_stat,
    "state": state,
    "timeline": timeline,
    "alerts": alerts,
    "candles": candles,
    "candle_lines": candle_graph,
    "candle_bars": candle_graph,
    "trades": trades,
}


def dashboards(runbooks: str = RUNBOOKS_URL) -> dict[str, types.Dashboard]:
    """Build all dashboards, by the names of their files. Link panels to runbooks at this URL."""
    return {name: build(name, runbooks) for name in NAMES}


def build(name: str, runbooks: str) -> types.Dashboard:
    """Build one dashboard."""
    table = read_board(name)
    board = dashboard.Dashboard(table.title).uid(f"tapeline-{name}").description(table.description).tags([TAG])
    board = board.timezone("utc").readonly().refresh("10s").time(table.time_from, "now")
    board = board.tooltip(types.DashboardCursorSync.CROSSHAIR)
    others = dashboard.DashboardLink("tapeline").type(types.DashboardLinkType.DASHBOARDS).tags([TAG])
    board = board.link(others.keep_time(True).icon("external link"))
    board = board.with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    for variable in table.variables:
        board = board.with_variable(choice(variable))
    url = dashboard.TextBoxVariable("runbooks").label("Runbooks at").hide(types.VariableHide.HIDE_VARIABLE)
    url = url.default_value(runbooks).current(types.VariableOption(selected=True, text=runbooks, value=runbooks))
    alerting = dashboard.AnnotationQuery().name("Alerts").datasource(PROMETHEUS).enable(True).icon_color("red")
    board = board.with_variable(url).annotation(alerting.expr('ALERTS{alertstate="firing"}'))
    number = 0
    for title, panels in table.rows.items():
        board = board.with_row(dashboard.Row(title).id(number := number + 1))
        for panel in panels:
            board = board.with_panel(KINDS[panel.kind](panel).id(number := number + 1))
    return board.build()


def choice(variable: Variable) -> Builder[types.VariableModel]:
    """Build a variable of the dashboard. The first of fixed values is the default; the reader may type another one."""
    if variable.plugin is not None:
        return dashboard.DatasourceVariable(variable.name).label(variable.label).type(variable.plugin)
    if variable.metric is not None:
        return instances(variable, variable.metric)
    options = [types.VariableOption(selected=not n, text=value, value=value) for n, value in enumerate(variable.values)]
    values = dashboard.CustomVariable(variable.name).label(variable.label).values(",".join(variable.values))
    return values.allow_custom_value(True).current(options[0]).options(options)


def instances(variable: Variable, metric: str) -> dashboard.QueryVariable:
    """Build a choice of the instances that export a metric. "All" selects only these, so it also fits metrics such as `process_...`."""
    query = {"qryType": 1, "query": f"label_values({metric}, instance)", "refId": variable.name}
    built = dashboard.QueryVariable(variable.name).label(variable.label).datasource(PROMETHEUS).query(query)
    built = built.refresh(types.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(types.VariableSort.ALPHABETICAL_ASC)
    return built.multi(True).include_all(True).current(types.VariableOption(selected=True, text="All", value="$__all"))


def to_json(board: types.Dashboard) -> str:
    """Return a dashboard as JSON. Keys are sorted, so that a diff shows only what changed."""
    return json.dumps(board, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
