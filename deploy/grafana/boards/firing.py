"""The list of alerts that fire, each with the way to its runbook."""

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models.common import FieldTextAlignment
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue

from .limits import NO_LIMITS
from .panels import TILE_HEIGHT
from .sources import Query, prometheus_source
from .words import RUNBOOKS, Words

HIDDEN = ("Time", "Value", "__name__", "alertstate")


def firing_alerts(*, width: int) -> table.Panel:
    """Make the list: the alert's name leads to its runbook. The one panel that is empty when all is well."""
    words = Words(
        shows="Alerts that fire, as Prometheus sees it; what Alertmanager holds back is here as well.",
        normal="Nothing.",
        otherwise="A name leads to its runbook. Begin with the most severe, and with the stage that is first in the flow.",
    )
    query = Query('sum by (alertname, severity) (ALERTS{alertstate="firing"})', "{{alertname}}")
    panel = table.Panel().title("Firing alerts").description(words.text()).unit("none").no_value("none")
    panel = panel.datasource(prometheus_source()).span(width).height(TILE_HEIGHT).thresholds(NO_LIMITS.config())
    panel = panel.align(FieldTextAlignment.AUTO).inspect(False)
    panel = panel.with_transformation(
        DataTransformerConfig(id_val="organize", options={"excludeByName": dict.fromkeys(HIDDEN, True)})
    )
    link = {"title": "Runbook", "url": f"{RUNBOOKS}/${{__value.raw}}.md", "targetBlank": True}
    panel = panel.override_by_name("alertname", [DynamicConfigValue(id_val="links", value=[link])])
    return panel.targets([query.target("A", instant=True, table=True)])
