"""What security costs, as tables: the same work on a plain and on a secure stack."""

from collections.abc import Mapping, Sequence
from typing import Final

from bench.harness.latencies import quantile
from bench.harness.runs import Run
from bench.harness.spread import Spread, ratios
from bench.harness.steps import Step
from bench.report.figures import spread, spread_seconds
from bench.report.table import table

PLAIN: Final = "plain"
SECURE: Final = "secure"


def throughput_table(works: Mapping[str, Mapping[str, Sequence[Run]]]) -> str:
    """Return a table with a row for each kind of work, from its runs on both stacks, which alternated."""
    rows = []
    for title, runs in works.items():
        plain, secure = runs[PLAIN], runs[SECURE]
        rows.append([
            title,
            spread(Spread.of(run.rate for run in plain)),
            spread(Spread.of(run.rate for run in secure)),
            spread(ratios(secure, plain, lambda run: run.rate)),
            spread(ratios(secure, plain, lambda run: run.cpu_us)),
        ])  # fmt: skip
    return table(["trades/s", PLAIN, SECURE, "secure ÷ plain", "CPU, secure ÷ plain"], rows)


def latency_table(steps: Mapping[str, Mapping[int, Sequence[Step]]]) -> str:
    """Return a table of the 95th percentiles of both stacks, with a row for each rate and each table in Cassandra. The ratio is that of the medians."""
    rows = []
    for rate in steps[PLAIN]:
        for stored in ("trades", "candles"):
            plain, secure = (
                [quantile(getattr(step.latencies, stored), 95) for step in steps[stack][rate]]
                for stack in (PLAIN, SECURE)
            )
            ratio = Spread.of(secure).median / Spread.of(plain).median
            rows.append([f"{rate:,}/s: {stored}", spread_seconds(plain), spread_seconds(secure), f"{ratio:.2f}"])
    return table(["p95 in s", PLAIN, SECURE, "secure ÷ plain"], rows)
