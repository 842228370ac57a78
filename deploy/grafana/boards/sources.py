"""Queries and where they go: Prometheus, and Cassandra through the plugin `hadesarchitect-cassandra-datasource`.

Each dashboard lets its reader choose the data sources, by the variables `datasource` and `cassandra`.
"""

from typing import Final

import attrs
from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog import builder, variants
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

PROMETHEUS: Final = "prometheus"
CASSANDRA: Final = "hadesarchitect-cassandra-datasource"


def prometheus_source() -> DataSourceRef:
    """Refer to the Prometheus that the reader chose."""
    return DataSourceRef(type_val=PROMETHEUS, uid="${datasource}")


def cassandra_source() -> DataSourceRef:
    """Refer to the Cassandra that the reader chose."""
    return DataSourceRef(type_val=CASSANDRA, uid="${cassandra}")


@attrs.frozen
class Query:
    """PromQL, and what to call its series."""

    expr: str
    legend: str

    def target(self, ref_id: str, *, instant: bool = False, table: bool = False) -> prometheus.Dataquery:
        """Give it as a panel's target: over the time shown, or at its end alone."""
        target = prometheus.Dataquery().expr(self.expr).legend_format(self.legend).ref_id(ref_id)
        target = target.editor_mode(QueryEditorMode.CODE).datasource(prometheus_source())
        target = target.format(PromQueryFormat.TABLE if table else PromQueryFormat.TIME_SERIES)
        return target.instant() if instant else target.range()


class CassandraQuery(variants.Dataquery):
    """CQL, as the plugin reads it.

    The plugin makes a series of each value of the first column. It knows no `decimal`, so numbers are cast to double: good enough for a
    picture. It puts milliseconds in place of `$__timeFrom` and `$__timeTo`; the table's keyspace is the data source's own.
    """

    def __init__(self, cql: str) -> None:
        self._cql = cql

    def to_json(self) -> dict[str, object]:
        """Give the plugin's own fields."""
        return {
            "datasource": cassandra_source(),
            "queryType": "query",
            "rawQuery": True,
            "refId": "A",
            "target": self._cql,
        }


@attrs.frozen
class Cql(builder.Builder[CassandraQuery]):
    """Builds a target from CQL."""

    text: str

    def build(self) -> CassandraQuery:
        """Give the target, its white space folded."""
        return CassandraQuery(" ".join(self.text.split()))
