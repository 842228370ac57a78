"""Markdown tables."""

from collections.abc import Iterable, Mapping, Sequence

from bench.harness.runs import Run
from bench.harness.spread import Spread, ratios
from bench.report.figures import spread


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column is text and whose other columns are figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def comparison(runs: Mapping[str, list[Run]], baseline: str, unit: str = "trade") -> str:
    """Return a table with one row per variant: its rate, its CPU time, and the ratio of both to the baseline of the same round.

    The ratios of the baseline are 1. A smaller ratio means slower or more CPU time.
    """
    head = ["variant", f"{unit}s/s", f"CPU µs per {unit}", "rate ÷ baseline's", "baseline's CPU ÷ own"]
    rows = []
    for name, own in runs.items():
        fields = [name, spread(Spread.of(run.rate for run in own)), spread(Spread.of(run.cpu_us for run in own))]
        if name == baseline:
            fields += ["1", "1"]
        else:
            fields.append(spread(ratios(own, runs[baseline], lambda run: run.rate)))
            fields.append(spread(ratios(runs[baseline], own, lambda run: run.cpu_us)))
        rows.append(fields)
    return table(head, rows)
