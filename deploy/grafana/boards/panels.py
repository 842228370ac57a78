"""The kinds of panels that query Prometheus. All panels of one kind look alike.

- A graph shows values over time, thresholds as dashed lines, and the last and the greatest value in the legend.
- A stat shows the present value. It queries the end of the time range only: a series that is gone shows "no data" instead of its last value.
- A state is a stat in which 1 is OK and 0 is DOWN. A timeline shows states over time, one line each.
- The list of alerts links each firing alert to its runbook.
"""

from collections.abc import Mapping
from typing import Final, TypeVar

from grafana_foundation_sdk.builders import candlestick, common, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import DashboardLink, FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models import common as types
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

from .schema import Panel

REF_IDS: Final = "ABCDEFGH"
GRAPH_HEIGHT: Final = 8
STAT_HEIGHT: Final = 4
RUNBOOKS: Final = "${runbooks}"
"""URL of the runbooks: a variable of each dashboard."""

PROMETHEUS: Final = dashboard.DataSourceRef(type_val="prometheus", uid="${datasource}")
"""The Prometheus that the reader of the dashboard chose."""

STATE_THRESHOLDS: Final = {"red": None, "green": 1}
DOWN: Final = dashboard.ValueMappingResult(text="DOWN", color="red", index=0)
OK: Final = dashboard.ValueMappingResult(text="OK", color="green", index=1)
STATE_TEXTS: Final[list[dashboard.ValueMapping]] = [dashboard.ValueMap({"0": DOWN, "1": OK})]
HIDDEN_ALERT_COLUMNS: Final = ("Time", "Value", "__name__", "alertstate")

Built = TypeVar("Built", stat.Panel, statetimeline.Panel, table.Panel, timeseries.Panel, candlestick.Panel)


def framed(built: Built, panel: Panel, source: dashboard.DataSourceRef, height: int) -> Built:
    """Return the panel with what all kinds share: title, help, link to the runbook, unit, data source, size and thresholds."""
    if panel.runbook is not None:
        link = DashboardLink(f"Runbook: {panel.runbook}").type(dashboard.DashboardLinkType.LINK)
        built = built.links([link.url(f"{RUNBOOKS}/{panel.runbook}.md").target_blank(True)])
    built = built.title(panel.title).description(panel.help).unit(panel.unit)
    return built.datasource(source).span(panel.width).height(height).thresholds(thresholds(panel.thresholds))


def thresholds(starts: Mapping[str, float | None]) -> ThresholdsConfig:
    """Return the configuration of thresholds, given the value from which each colour applies."""
    steps = [dashboard.Threshold(value=start, color=color) for color, start in starts.items()]
    return ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)


def targets(panel: Panel, *, instant: bool = False, as_table: bool = False) -> list[prometheus.Dataquery]:
    """Return the panel's queries: over the whole time range or, if `instant`, at its end."""
    form = PromQueryFormat.TABLE if as_table else PromQueryFormat.TIME_SERIES
    found = []
    for ref_id, query in zip(REF_IDS, panel.queries, strict=False):
        target = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(ref_id)
        target = target.editor_mode(QueryEditorMode.CODE).datasource(PROMETHEUS).format(form)
        found.append(target.instant() if instant else target.range())
    return found


def legend(*, as_table: bool = True) -> common.VizLegendOptions:
    """Return the options of a graph's legend."""
    mode = types.LegendDisplayMode.TABLE if as_table else types.LegendDisplayMode.LIST
    options = common.VizLegendOptions().show_legend(True).placement(types.LegendPlacement.BOTTOM).display_mode(mode)
    return options.calcs(["lastNotNull", "max"] if as_table else [])


def tooltip() -> common.VizTooltipOptions:
    """Return the options of a tooltip that lists all series, the greatest value first."""
    return common.VizTooltipOptions().mode(types.TooltipDisplayMode.MULTI).sort(types.SortOrder.DESCENDING)


def graph(panel: Panel) -> timeseries.Panel:
    """Return a graph over time. Its axis starts at 0 and ends at `panel.max`, if set."""
    built = framed(timeseries.Panel(), panel, PROMETHEUS, GRAPH_HEIGHT).min(0).legend(legend()).tooltip(tooltip())
    built = built.color_scheme(FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC))
    built = built.line_width(1).fill_opacity(25 if panel.stacked else 8).show_points(types.VisibilityMode.NEVER)
    lines = types.GraphThresholdsStyleMode.DASHED if len(panel.thresholds) > 1 else types.GraphThresholdsStyleMode.OFF
    built = built.thresholds_style(common.GraphThresholdsStyleConfig().mode(lines))
    if panel.stacked:
        built = built.stacking(common.StackingConfig().mode(types.StackingMode.NORMAL).group("A"))
    if panel.max is not None:
        built = built.max(panel.max)
    return built.targets([*targets(panel)])


def single_stat(panel: Panel) -> stat.Panel:
    """Return a panel of one value."""
    built = framed(stat.Panel(), panel, PROMETHEUS, STAT_HEIGHT).no_value("no data")
    built = built.color_scheme(FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))
    built = built.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
    built = built.color_mode(types.BigValueColorMode.VALUE).graph_mode(types.BigValueGraphMode.NONE)
    return built.targets([*targets(panel, instant=True)])


def state(panel: Panel) -> stat.Panel:
    """Return a panel that is green (OK) or red (DOWN)."""
    built = single_stat(panel).unit("bool_on_off").thresholds(thresholds(STATE_THRESHOLDS))
    return built.mappings(STATE_TEXTS).color_mode(types.BigValueColorMode.BACKGROUND)


def timeline(panel: Panel) -> statetimeline.Panel:
    """Return a line for each state, red while it is DOWN."""
    built = framed(statetimeline.Panel(), panel, PROMETHEUS, GRAPH_HEIGHT).unit("bool_on_off")
    built = built.thresholds(thresholds(STATE_THRESHOLDS)).mappings(STATE_TEXTS)
    built = built.color_scheme(FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))
    built = built.show_value(types.VisibilityMode.NEVER).merge_values(True).row_height(0.8).fill_opacity(80)
    built = built.legend(common.VizLegendOptions().show_legend(False).placement(types.LegendPlacement.BOTTOM))
    return built.targets([*targets(panel)])


def alerts(panel: Panel) -> table.Panel:
    """Return the list of firing alerts. An alert's name links to its runbook."""
    built = framed(table.Panel(), panel, PROMETHEUS, STAT_HEIGHT).no_value("none")
    built = built.align(types.FieldTextAlignment.AUTO).inspect(False)
    hidden = {"excludeByName": dict.fromkeys(HIDDEN_ALERT_COLUMNS, True)}
    built = built.with_transformation(dashboard.DataTransformerConfig(id_val="organize", options=hidden))
    link = {"title": "Runbook", "url": f"{RUNBOOKS}/${{__value.raw}}.md", "targetBlank": True}
    built = built.override_by_name("alertname", [dashboard.DynamicConfigValue(id_val="links", value=[link])])
    return built.targets([*targets(panel, instant=True, as_table=True)])
