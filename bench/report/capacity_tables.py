"""The tables of `docs/scaling.md`, between its markers, from the model in `bench.capacity_model`."""

from collections.abc import Mapping
from typing import Final

from bench.capacity_model import Policy, hot_symbol, plan
from bench.measured_costs import COMPONENTS, Cost, Measured, Point
from bench.report.figures import figure
from bench.report.table import table

SIZES: Final = {2_000: 50, 15_000: 500, 100_000: 5_000, 1_000_000: 10_000}
"""Trades per second, and the number of symbols."""
HOT_RATES: Final = (20, 200, 2_000, 20_000)
_BEGIN: Final = "<!-- capacity: begin -->"
_END: Final = "<!-- capacity: end -->"


def on_page(text: str, measured: Measured) -> str:
    """Return the text of the page with the tables between its markers."""
    before, _, rest = text.partition(_BEGIN)
    return f"{before}{_BEGIN}\n\n{tables(measured)}\n\n{_END}{rest.partition(_END)[2]}"


def tables(measured: Measured, policy: Policy | None = None) -> str:
    """Return the note and the tables as Markdown."""
    sections = {
        "What a trade costs": _costs(measured),
        "The line and the points": "Cores of all components together.\n\n" + _checks(measured),
        "What a rate needs": _plans(measured, policy),
        "A hot symbol in figures": _hot_symbols(measured),
    }
    note = f"**Provisional.** {measured.note}" if measured.provisional else measured.note
    return "\n\n".join((note, *(f"### {title}\n\n{body}" for title, body in sections.items())))


def _costs(measured: Measured) -> str:
    costs = measured.costs
    rows = [[name, f"{costs[name].cores:.2f}", f"{costs[name].cpu_us:.1f}"] for name in COMPONENTS]
    return table(["component", "fixed share, cores", "CPU µs per trade"], rows)


def _checks(measured: Measured) -> str:
    costs = measured.costs
    rows = [
        [f"{point.rate:,.0f}", "fitted" if point.fit else "checked", *_against_line(point, costs)]
        for point in measured.points
    ]
    return table(["trades/s", "point", "measured", "by the line", "by the line ÷ measured"], rows)


def _against_line(point: Point, costs: Mapping[str, Cost]) -> list[str]:
    measured, by_line = sum(point.cores.values()), sum(cost.at(point.rate) for cost in costs.values())
    return [f"{measured:.2f}", f"{by_line:.2f}", f"{by_line / measured:.2f}"]


def _plans(measured: Measured, policy: Policy | None) -> str:
    plans = [plan(rate, symbols, measured, policy) for rate, symbols in SIZES.items()]
    rows = [
        ["symbols", *(f"{each.symbols:,}" for each in plans)],
        ["producer processes", *(f"{each.producers:,}" for each in plans)],
        ["partitions of `trades`", *(f"{each.partitions:,}" for each in plans)],
        ["Kafka brokers", *(f"{each.brokers:,}" for each in plans)],
        ["executor cores (machines)", *(f"{each.executor_cores:,} ({each.executors:,})" for each in plans)],
        ["Cassandra nodes", *(f"{each.nodes:,}" for each in plans)],
        ["Kafka, TB", *(figure(each.kafka_tb) for each in plans)],
        ["raw trades, TB", *(figure(each.trades_tb) for each in plans)],
        ["candles, TB", *(figure(each.candles_tb) for each in plans)],
    ]
    return table(["trades/s", *(f"{each.trades_per_s:,.0f}" for each in plans)], rows)


def _hot_symbols(measured: Measured) -> str:
    rows = [
        [
            f"{each.trades_per_s:,.0f}",
            figure(each.day_bytes / 1e6),
            f"{each.bucket_minutes:,}",
            f"{each.spark_core:.3f}",
        ]
        for each in (hot_symbol(rate, measured) for rate in HOT_RATES)
    ]
    head = [
        "trades/s of the symbol",
        "MB per day in Cassandra",
        "minutes per partition, at most",
        "share of its Spark core",
    ]
    return table(head, rows)
