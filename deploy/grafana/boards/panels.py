"""The kinds of panels, each made the same way everywhere.

- A graph shows a course over time, with its limits as dashed lines, and last and greatest figures in the legend.
- A tile shows one figure as it is now. It asks for the last moment alone, so what is gone says so instead of staying at its last figure.
- A state is a tile or a row in a timeline: 1 is OK; 0, and nothing to be had at all, is DOWN.
"""

from typing import Final, Protocol

import attrs
from grafana_foundation_sdk.builders import common, stat, statetimeline, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as types
from grafana_foundation_sdk.models.dashboard import FieldColorModeId, Panel

from .limits import NO_LIMITS, STATE, Limits, state_words
from .sources import Query, prometheus_source
from .words import Words

REF_IDS: Final = "ABCDEFGH"
GRAPH_HEIGHT: Final = 8
TILE_HEIGHT: Final = 4


class Numbered(Protocol):
    """A builder of a panel, of whatever kind: it takes its number from the dashboard."""

    def id(self, id_val: int) -> Builder[Panel]:
        """Give the panel this number."""
        ...


def legend(*, table: bool = True) -> common.VizLegendOptions:
    """Give the legend of a graph."""
    mode = types.LegendDisplayMode.TABLE if table else types.LegendDisplayMode.LIST
    options = common.VizLegendOptions().show_legend(True).placement(types.LegendPlacement.BOTTOM).display_mode(mode)
    return options.calcs(["lastNotNull", "max"] if table else [])


def tooltip() -> common.VizTooltipOptions:
    """Show all series under the cursor, the greatest first."""
    return common.VizTooltipOptions().mode(types.TooltipDisplayMode.MULTI).sort(types.SortOrder.DESCENDING)


def graph(
    title: str,
    unit: str,
    words: Words,
    *queries: Query,
    limits: Limits = NO_LIMITS,
    width: int = 8,
    stacked: bool = False,
    top: float | None = None,
) -> timeseries.Panel:
    """Make a graph, which begins at 0 and ends at `top`, when given."""
    panel = timeseries.Panel().title(title).description(words.text()).links([*words.links()]).unit(unit).min(0)
    panel = panel.datasource(prometheus_source()).span(width).height(GRAPH_HEIGHT).thresholds(limits.config())
    panel = panel.color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC)).legend(legend()).tooltip(tooltip())
    panel = panel.line_width(1).fill_opacity(25 if stacked else 8).show_points(types.VisibilityMode.NEVER)
    shown = types.GraphThresholdsStyleMode.DASHED if limits.steps else types.GraphThresholdsStyleMode.OFF
    panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(shown))
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(types.StackingMode.NORMAL).group("A"))
    if top is not None:
        panel = panel.max(top)
    return panel.targets([query.target(ref_id) for ref_id, query in zip(REF_IDS, queries, strict=False)])


def tile(
    title: str, unit: str, words: Words, query: Query, *, limits: Limits = NO_LIMITS, width: int = 4
) -> stat.Panel:
    """Make a tile of one figure."""
    panel = stat.Panel().title(title).description(words.text()).links([*words.links()]).unit(unit)
    panel = panel.datasource(prometheus_source()).span(width).height(TILE_HEIGHT).thresholds(limits.config())
    panel = panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS)).no_value("no data")
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
    panel = panel.color_mode(types.BigValueColorMode.VALUE).graph_mode(types.BigValueGraphMode.NONE)
    return panel.targets([query.target("A", instant=True)])


def state_tile(title: str, words: Words, query: Query, *, width: int = 4) -> stat.Panel:
    """Make a tile that is green or red."""
    panel = tile(title, "bool_on_off", words, query, limits=STATE, width=width)
    return panel.mappings(state_words()).color_mode(types.BigValueColorMode.BACKGROUND)


def timeline(title: str, words: Words, *queries: Query, width: int = 24) -> statetimeline.Panel:
    """Make one row a state over time: when it turned red is where the red begins."""
    panel = statetimeline.Panel().title(title).description(words.text()).links([*words.links()]).unit("bool_on_off")
    panel = panel.datasource(prometheus_source()).span(width).height(GRAPH_HEIGHT).thresholds(STATE.config())
    panel = panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS)).mappings(state_words())
    panel = panel.show_value(types.VisibilityMode.NEVER).merge_values(True).row_height(0.8).fill_opacity(80)
    panel = panel.legend(common.VizLegendOptions().show_legend(False).placement(types.LegendPlacement.BOTTOM))
    return panel.targets([query.target(ref_id) for ref_id, query in zip(REF_IDS, queries, strict=False)])


@attrs.frozen
class Row:
    """Some panels under one heading."""

    title: str
    panels: tuple[Numbered, ...]
