"""The market's dashboard: candles and trades from Cassandra, and how much trades from Prometheus, which knows no symbols.

A partition is a symbol and a UTC day. Grafana gives the day in the browser's time zone, so a query names the months that the time shown begins
and ends in, with all of their days, and the times themselves do the rest; empty days cost next to nothing. Time shown: within two months
that follow each other.
"""

from typing import Final

from grafana_foundation_sdk.builders import candlestick, common, dashboard, table, timeseries
from grafana_foundation_sdk.models import candlestick as candles
from grafana_foundation_sdk.models import common as types
from grafana_foundation_sdk.models.dashboard import Dashboard, DataTransformerConfig, VariableOption

from . import stages
from .board import board, data_source
from .limits import NO_LIMITS, high_is_bad
from .panels import GRAPH_HEIGHT, Row, graph, legend, tile, tooltip
from .sources import CASSANDRA, Cql, Query, cassandra_source
from .words import Runbook, Words

SYMBOLS: Final = (
    "AAPL", "MSFT", "NVDA", "BINANCE:BTCUSDT", "BINANCE:ETHUSDT", "BINANCE:XRPETH", "OANDA:EUR_USD", "OANDA:GBP_USD",
)  # fmt: skip
"""To choose from; any other can be typed."""

DAYS: Final = f"""
    symbol = ${{symbol:singlequote}}
    AND trade_year IN (${{__from:date:YYYY}}, ${{__to:date:YYYY}}) AND trade_month IN (${{__from:date:M}}, ${{__to:date:M}})
    AND trade_day IN ({", ".join(map(str, range(1, 32)))})
"""
CANDLES: Final = f"""
    FROM trade_aggregates
    WHERE {DAYS} AND window_ms = $window AND window_start >= $__timeFrom AND window_start <= $__timeTo
"""
TRADES: Final = f"""
    SELECT symbol, timestamp, CAST(price AS double) AS price, CAST(volume AS double) AS volume, trade_id, venue, asset_class, received_at
    FROM trades_v2
    WHERE {DAYS} AND timestamp >= $__timeFrom AND timestamp <= $__timeTo PER PARTITION LIMIT 100
"""  # noqa: S608 - the plugin quotes the symbol, and takes nothing but SELECT


def columns(*names: str) -> str:
    """Select these of a candle as numbers that the plugin knows, after the symbol and the start."""
    return "SELECT symbol, window_start, " + ", ".join(f"CAST({name} AS double) AS {name}" for name in names) + CANDLES


def ordered(field: str, *, newest_first: bool = False) -> DataTransformerConfig:
    """Sort rows by a time: Cassandra gives each day's newest first."""
    return DataTransformerConfig(
        id_val="sortBy", options={"fields": {}, "sort": [{"field": field, "desc": newest_first}]}
    )


def chart() -> candlestick.Panel:
    """Make the candles."""
    words = Words(
        shows="Candles of the symbol chosen, as Spark stored them: open and close by event time, volume below. Drawn in floating point; exact in Cassandra.",
        normal="The last candle moves; earlier ones change for a minute at most, while late trades come.",
        otherwise="No candle of the last minutes: see freshness, below, and the overview. None at all: is the symbol subscribed, and spelt as the provider does?",
        runbook=Runbook.FRESHNESS_BURNS_FAST,
    )
    fields = candlestick.CandlestickFieldMap().open("open").high("high").low("low").close("close").volume("volume")
    colors = candlestick.CandlestickColors().up("green").down("red").flat("gray")
    panel = candlestick.Panel().title("$symbol").description(words.text()).links([*words.links()]).unit("locale")
    panel = panel.datasource(cassandra_source()).span(24).height(14).thresholds(NO_LIMITS.config())
    panel = panel.mode(candles.VizDisplayMode.CANDLES_VOLUME).candle_style(candles.CandleStyle.CANDLES)
    panel = panel.color_strategy(candles.ColorStrategy.OPEN_CLOSE).fields(fields).colors(colors)
    panel = (
        panel.line_width(1).fill_opacity(40).include_all_fields(False).legend(legend(table=False)).tooltip(tooltip())
    )
    panel = panel.with_transformation(ordered("window_start"))
    return panel.with_target(Cql(columns("open", "high", "low", "close", "volume")))


def course(title: str, unit: str, words: Words, *names: str, bars: bool = False) -> timeseries.Panel:
    """Make a graph of columns of the candles."""
    panel = timeseries.Panel().title(title).description(words.text()).links([*words.links()]).unit(unit)
    panel = panel.datasource(cassandra_source()).span(12).height(GRAPH_HEIGHT).thresholds(NO_LIMITS.config())
    panel = panel.draw_style(types.GraphDrawStyle.BARS if bars else types.GraphDrawStyle.LINE)
    panel = panel.fill_opacity(40 if bars else 0).line_width(1).show_points(types.VisibilityMode.NEVER)
    panel = panel.legend(legend()).tooltip(tooltip()).with_transformation(ordered("window_start"))
    return panel.with_target(Cql(columns(*names)))


def last_trades() -> table.Panel:
    """Make the list of trades."""
    words = Words(
        shows="The newest trades within the time shown, at most 100 of a day. Trades of one millisecond keep the order in which they came.",
        normal="The first is a second or two old.",
        otherwise="Old: see freshness. A venue that is `unknown`: a prefix that the venue table does not have.",
    )
    panel = table.Panel().title("Newest trades of $symbol").description(words.text()).unit("locale")
    panel = panel.datasource(cassandra_source()).span(24).height(10).thresholds(NO_LIMITS.config())
    panel = panel.align(types.FieldTextAlignment.AUTO).inspect(False)
    panel = panel.footer(common.TableFooterOptions().show(False).reducer([]))
    panel = panel.with_transformation(ordered("timestamp", newest_first=True))
    return panel.with_target(Cql(TRADES))


def candle_rows() -> list[Row]:
    """Make the rows that come from Cassandra."""
    price = Words(
        shows="The close of each candle, and the mean price weighted by volume.",
        normal="Close to each other.",
        otherwise="They part when a few large trades were far from the last price. A candle of price updates alone has no vwap.",
    )
    count = Words(
        shows="Trades in each candle, and price updates: records without a volume.",
        normal="As lively as the symbol is; forex has price updates alone.",
        otherwise="Fewer than the provider shows: late trades are left out of candles; see Spark's dashboard.",
    )
    return [
        Row("Candles", (chart(),)),
        Row(
            "Of each candle",
            (
                course("Close and vwap", "locale", price, "close", "vwap"),
                course("Trades and price updates", "short", count, "trade_count", "update_count", bars=True),
            ),
        ),
        Row("Trades", (last_trades(),)),
    ]


def pulse() -> Row:
    """Make the row of the whole market, from Prometheus."""
    fresh = Words(
        shows="How old the newest stored trade of all symbols is.",
        normal="Below 5 s while the market is open.",
        otherwise="The overview tells which stage it is.",
        runbook=Runbook.FRESHNESS_BURNS_FAST,
    )
    rate = Words(
        shows="Trades and price updates of all symbols, as received.",
        normal="High at the open and the close of New York, 9:30 and 16:00.",
        otherwise="0 in the open hours: see the overview.",
        runbook=Runbook.FEED_SILENT,
    )
    return Row(
        "All symbols",
        (
            tile("Freshness", "s", fresh, stages.FRESHNESS, limits=high_is_bad(10, 30), width=6),
            graph(
                "Trades a second",
                "recps",
                rate,
                Query("sum by (kind) (rate(tapeline_feed_trades_total[$__rate_interval]))", "{{kind}}"),
                width=18,
                stacked=True,
            ),
        ),
    )


def market() -> Dashboard:
    """Make the dashboard."""
    about = "Candles and trades of one symbol, from Cassandra."
    symbol = dashboard.CustomVariable("symbol").label("Symbol").values(",".join(SYMBOLS)).allow_custom_value(True)
    symbol = symbol.current(VariableOption(selected=True, text=SYMBOLS[0], value=SYMBOLS[0]))
    symbol = symbol.options([VariableOption(selected=name == SYMBOLS[0], text=name, value=name) for name in SYMBOLS])
    window = dashboard.CustomVariable("window").label("Candle [ms]").values("60000").allow_custom_value(True)
    window = window.current(VariableOption(selected=True, text="60000", value="60000"))
    window = window.options([VariableOption(selected=True, text="60000", value="60000")])
    variables = (data_source("cassandra", "Cassandra", CASSANDRA), symbol, window)
    return board("market", "tapeline: market", about, [*candle_rows(), pulse()], variables=variables, span="now-3h")
