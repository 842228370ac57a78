"""Steps of the pipeline under load as tables, and as lines of progress."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bench.harness.latencies import quantile
from bench.harness.spread import Spread
from bench.harness.steps import Step
from bench.report.figures import figure, seconds, spread_seconds
from bench.report.table import table

_PERCENTILES: Final = (50, 95, 99)


def summary(step: Step) -> str:
    """Return a line with the rate, the latencies and the cores."""
    trades, candles = (
        " · ".join(seconds(quantile(values, percent)) for percent in _PERCENTILES)
        for values in (step.latencies.trades, step.latencies.candles)
    )
    cores = ", ".join(f"{name} {value:.2f}" for name, value in step.cores.items())
    return f"{step.carried:,.0f}/s: p50 · p95 · p99 of trades {trades} s, of candles {candles} s; cores: {cores}"


def latency_table(steps: Mapping[tuple[float, int], Sequence[Step]]) -> str:
    """Return the latencies of the steps, which are grouped by trigger in seconds and by rate."""
    rows = []
    for (trigger_s, rate), group in steps.items():
        for store in ("trades", "candles"):
            figures = [
                spread_seconds(quantile(getattr(step.latencies, store), percent) for step in group)
                for percent in _PERCENTILES
            ]
            rows.append([f"{rate:,}/s, trigger {trigger_s:g} s: {store}", *figures])
    return table(["s", *(f"p{percent}" for percent in _PERCENTILES)], rows)


def phase_table(steps: Mapping[int, Sequence[Step]]) -> str:
    """Return the size, the duration and the longest phases of the micro-batches of the steps, which are grouped by rate."""
    rows = []
    for rate, group in steps.items():
        for query in ("trades", "candles"):
            batches = [step.micro_batches[query] for step in group if query in step.micro_batches]
            if not batches:
                continue
            names = {name for each in batches for name in each.phases_ms}
            phases = sorted(((_median(each.phases_ms.get(name, 0.0) for each in batches), name) for name in names), reverse=True)  # fmt: skip
            longest = ", ".join(f"{name} {figure(value)}" for value, name in phases[:5] if value >= 1)
            total_ms = _median(each.seconds * 1000 for each in batches)
            records = _median(each.records for each in batches)
            rows.append([f"{rate:,}/s: {query}", figure(records), figure(total_ms), longest])
    return table(["query", "records", "total", "longest phases"], rows)


def ladder_table(steps: Sequence[Step]) -> str:
    """Return a table with one row per step of increasing rate."""
    components = list(steps[0].cores)
    rows = [
        [
            f"{step.rate:,.0f}",
            "yes" if step.sustained else "no",
            figure(step.carried),
            *(seconds(quantile(step.latencies.trades, percent)) for percent in _PERCENTILES),
            seconds(quantile(step.latencies.candles, 95)),
            seconds(quantile(step.latencies.feed, 95)),
            figure(step.kafka_bytes_per_trade),
            figure(max((each.behind for each in step.micro_batches.values()), default=0)),
            *(f"{step.cores[name]:.2f}" for name in components),
        ]
        for step in steps
    ]
    latencies = (*(f"p{percent} s" for percent in _PERCENTILES), "candles p95 s", "market → producer p95 s")
    head = ["trades/s", "sustained", "carried/s", *latencies, "Kafka bytes per trade", "records behind", *components]
    return table(head, rows)


def _median(values: Iterable[float]) -> float:
    return Spread.of(values).median
