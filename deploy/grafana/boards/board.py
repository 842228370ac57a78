"""What all dashboards share: how they refresh, the variables, the links among them, marks where alerts fired, and panels' numbers."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    VariableHide,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from .panels import Row
from .sources import prometheus_source

TAG: Final = "tapeline"
RUNBOOKS_URL: Final = "docs/runbooks"
"""As in the alerts' `runbook_url`: a place in this repository. Whoever shows it on the web says where, when the dashboards are written."""

INSTANCE: Final = 'instance=~"$instance"'
"""The label filter of a dashboard with the variable `instance`."""


def instances(metric: str, *, name: str = "instance", label: str = "Instance") -> dashboard.QueryVariable:
    """Let the reader choose among those that export a metric. All of them are those alone, so `process_...` are theirs, too."""
    variable = dashboard.QueryVariable(name).label(label).datasource(prometheus_source())
    variable = variable.query({"qryType": 1, "query": f"label_values({metric}, instance)", "refId": name})
    variable = variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)
    return variable.multi(True).include_all(True).current(VariableOption(selected=True, text="All", value="$__all"))


def data_source(name: str, label: str, plugin: str) -> dashboard.DatasourceVariable:
    """Let the reader choose a data source of a kind."""
    return dashboard.DatasourceVariable(name).label(label).type(plugin)


def board(
    uid: str,
    title: str,
    about: str,
    rows: list[Row],
    *,
    variables: tuple[dashboard.QueryVariable | dashboard.DatasourceVariable | dashboard.CustomVariable, ...] = (),
    span: str = "now-30m",
) -> Dashboard:
    """Put a dashboard together."""
    made = dashboard.Dashboard(title).uid(f"tapeline-{uid}").description(about).tags([TAG]).timezone("utc")
    made = made.readonly().refresh("10s").time(span, "now").tooltip(DashboardCursorSync.CROSSHAIR)
    others = dashboard.DashboardLink("tapeline").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    made = made.link(others.keep_time(True).icon("external link"))
    made = made.with_variable(data_source("datasource", "Prometheus", "prometheus"))
    for variable in variables:
        made = made.with_variable(variable)
    runbooks = dashboard.TextBoxVariable("runbooks").label("Runbooks at").hide(VariableHide.HIDE_VARIABLE)
    runbooks = runbooks.default_value(RUNBOOKS_URL)
    made = made.with_variable(runbooks.current(VariableOption(selected=True, text=RUNBOOKS_URL, value=RUNBOOKS_URL)))
    alerts = dashboard.AnnotationQuery().name("Alerts").datasource(prometheus_source()).enable(True).icon_color("red")
    made = made.annotation(alerts.expr('ALERTS{alertstate="firing"}'))
    number = 0
    for row in rows:
        number += 1
        made = made.with_row(dashboard.Row(row.title).id(number))
        for panel in row.panels:
            number += 1
            made = made.with_panel(panel.id(number))
    return made.build()
