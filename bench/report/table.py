"""Markdown tables, and how figures are written in them."""

from collections.abc import Iterable, Mapping, Sequence

from bench.harness.runs import Run, Spread, ratios


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table: the first column is text, the others are figures."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figure(value: float) -> str:
    """Write a figure with three digits that count: 123,000, 12.3, 0.123."""
    if not value:
        return "0"
    if value >= 100:
        digits = 0
        while value / 10**digits >= 1000:
            digits += 1
        return f"{round(value / 10**digits) * 10**digits:,}"
    return f"{value:.3g}"


def spread(values: Spread) -> str:
    """Write minimum, median and maximum, the median in bold."""
    return f"{figure(values.least)} · **{figure(values.median)}** · {figure(values.most)}"


def comparison(runs: Mapping[str, list[Run]], bound: str, unit: str = "trade") -> str:
    """Write a row a path: its rate, its CPU time, and both beside the bound's in the same round (1 is the bound itself, less is slower)."""
    head = ["path", f"{unit}s/s", f"CPU µs a {unit}", "rate ÷ bound's", "bound's CPU ÷ its"]
    rows = []
    for name, own in runs.items():
        fields = [name, spread(Spread.of(run.rate for run in own)), spread(Spread.of(run.cpu_us for run in own))]
        if name == bound:
            fields += ["1", "1"]
        else:
            fields.append(spread(ratios(own, runs[bound], lambda run: run.rate)))
            fields.append(spread(ratios(runs[bound], own, lambda run: run.cpu_us)))
        rows.append(fields)
    return table(head, rows)
