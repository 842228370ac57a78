"""How figures are written in the tables and in the text."""

from collections.abc import Iterable

from bench.harness.latencies import NEVER_MS
from bench.harness.spread import Spread


def figure(value: float) -> str:
    """Return a figure with three significant digits: 123,000, 12.3, 0.123."""
    if not value:
        return "0"
    if value >= 100:
        digits = 0
        while value / 10**digits >= 1000:
            digits += 1
        return f"{round(value / 10**digits) * 10**digits:,}"
    return f"{value:.3g}"


def spread(values: Spread) -> str:
    """Return minimum, median and maximum, the median in bold."""
    return f"{figure(values.minimum)} · **{figure(values.median)}** · {figure(values.maximum)}"


def seconds(latency_ms: float) -> str:
    """Return a latency in seconds."""
    return "never" if latency_ms == NEVER_MS else f"{latency_ms / 1000:.2f}"


def spread_seconds(values_ms: Iterable[float]) -> str:
    """Return minimum, median and maximum of latencies, in seconds."""
    values = Spread.of(values_ms)
    if values.maximum == NEVER_MS:
        return f"{seconds(values.minimum)} · **{seconds(values.median)}** · never"
    return spread(Spread(minimum=values.minimum / 1000, median=values.median / 1000, maximum=values.maximum / 1000))
