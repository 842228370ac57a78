"""The kinds of panels that query Cassandra, through the plugin `hadesarchitect-cassandra-datasource`.

- A partition is a symbol and a UTC day. Grafana formats a day in the browser's time zone, so a query names all days of the months in which the
  time range starts and ends; the conditions on the time do the rest. Empty partitions cost little. A range covers two adjacent months at most.
- The plugin does not support `decimal`. Queries cast decimals to double, which is exact enough for a picture.
- The plugin makes one series of each value of the first column, and replaces `$__timeFrom` and `$__timeTo` by milliseconds. The keyspace of
  the tables comes from the data source.
"""

from typing import Final

import attrs
from grafana_foundation_sdk.builders import candlestick, common, table, timeseries
from grafana_foundation_sdk.cog import builder, variants
from grafana_foundation_sdk.models import candlestick as candle_types
from grafana_foundation_sdk.models import common as types
from grafana_foundation_sdk.models.dashboard import DataSourceRef, DataTransformerConfig

from .panels import GRAPH_HEIGHT, framed, legend, tooltip
from .schema import Panel

CASSANDRA: Final = DataSourceRef(type_val="hadesarchitect-cassandra-datasource", uid="${cassandra}")
"""The Cassandra that the reader of the dashboard chose."""

CHART_HEIGHT: Final = 14
TRADES_HEIGHT: Final = 10

PARTITIONS: Final = f"""
    symbol = ${{symbol:singlequote}}
    AND trade_year IN (${{__from:date:YYYY}}, ${{__to:date:YYYY}}) AND trade_month IN (${{__from:date:M}}, ${{__to:date:M}})
    AND trade_day IN ({", ".join(map(str, range(1, 32)))})
"""
TRADES: Final = f"""
    SELECT symbol, timestamp, CAST(price AS double) AS price, CAST(volume AS double) AS volume, trade_id, venue, asset_class, received_at
    FROM trades_v2
    WHERE {PARTITIONS} AND timestamp >= $__timeFrom AND timestamp <= $__timeTo PER PARTITION LIMIT 100
"""  # noqa: S608 - the plugin quotes the symbol, and accepts SELECT only
CANDLES: Final = f"""
    FROM trade_aggregates
    WHERE {PARTITIONS} AND window_ms = $window AND window_start >= $__timeFrom AND window_start <= $__timeTo
"""


class CassandraQuery(variants.Dataquery):
    """A CQL query in the plugin's own format."""

    def __init__(self, cql: str) -> None:
        self._cql = cql

    def to_json(self) -> dict[str, object]:
        """Return the fields that the plugin reads."""
        kind = {"queryType": "query", "rawQuery": True, "refId": "A"}
        return {"datasource": CASSANDRA, "target": self._cql, **kind}


@attrs.frozen
class Cql(builder.Builder[CassandraQuery]):
    """A builder of a panel's target from CQL."""

    text: str

    def build(self) -> CassandraQuery:
        """Return the target, on one line."""
        return CassandraQuery(" ".join(self.text.split()))


def candle_query(panel: Panel) -> Cql:
    """Return the query for the panel's columns of the candles, after the symbol and the start of the window."""
    columns = ", ".join(f"CAST({name} AS double) AS {name}" for name in panel.columns)
    return Cql(f"SELECT symbol, window_start, {columns} {CANDLES}")


def sorted_by(field: str, *, newest_first: bool = False) -> DataTransformerConfig:
    """Return a transformation that sorts the rows by a time. Cassandra sorts within a day only."""
    order = {"field": field, "desc": newest_first}
    return DataTransformerConfig(id_val="sortBy", options={"fields": {}, "sort": [order]})


def candles(panel: Panel) -> candlestick.Panel:
    """Return the candlestick chart."""
    fields = candlestick.CandlestickFieldMap().open("open").high("high").low("low").close("close").volume("volume")
    colors = candlestick.CandlestickColors().up("green").down("red").flat("gray")
    built = framed(candlestick.Panel(), panel, CASSANDRA, CHART_HEIGHT).fields(fields).colors(colors)
    built = built.mode(candle_types.VizDisplayMode.CANDLES_VOLUME).candle_style(candle_types.CandleStyle.CANDLES)
    built = built.color_strategy(candle_types.ColorStrategy.OPEN_CLOSE).include_all_fields(False)
    built = built.line_width(1).fill_opacity(40).legend(legend(as_table=False)).tooltip(tooltip())
    return built.with_transformation(sorted_by("window_start")).with_target(candle_query(panel))


def candle_graph(panel: Panel) -> timeseries.Panel:
    """Return a graph of columns of the candles, as lines or bars."""
    bars = panel.kind == "candle_bars"
    built = framed(timeseries.Panel(), panel, CASSANDRA, GRAPH_HEIGHT).legend(legend()).tooltip(tooltip())
    built = built.draw_style(types.GraphDrawStyle.BARS if bars else types.GraphDrawStyle.LINE)
    built = built.fill_opacity(40 if bars else 0).line_width(1).show_points(types.VisibilityMode.NEVER)
    return built.with_transformation(sorted_by("window_start")).with_target(candle_query(panel))


def trades(panel: Panel) -> table.Panel:
    """Return the list of the newest trades."""
    built = framed(table.Panel(), panel, CASSANDRA, TRADES_HEIGHT)
    built = built.align(types.FieldTextAlignment.AUTO).inspect(False)
    built = built.footer(common.TableFooterOptions().show(False).reducer([]))
    return built.with_transformation(sorted_by("timestamp", newest_first=True)).with_target(Cql(TRADES))
