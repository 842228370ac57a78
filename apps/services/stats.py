"""Figures for a display: rates over the last seconds, and quantiles of the newest latencies."""

from collections import deque


class RateMeter:
    """Events per second over the last `span_s` seconds."""

    def __init__(self, span_s: float = 5.0) -> None:
        self._span_s = span_s
        self._readings: deque[tuple[float, int]] = deque()

    def rate(self, now_s: float, total: int) -> float:
        """Record the running total at this moment of a monotonic clock, and return the rate per second."""
        self._readings.append((now_s, total))
        while len(self._readings) > 2 and self._readings[1][0] <= now_s - self._span_s:
            self._readings.popleft()
        first_s, first_total = self._readings[0]
        return (total - first_total) / (now_s - first_s) if now_s > first_s else 0.0


class Quantiles:
    """Quantiles of the newest `size` values."""

    def __init__(self, size: int = 2_000) -> None:
        self._values: deque[float] = deque(maxlen=size)

    def add(self, value: float) -> None:
        """Record a value."""
        self._values.append(value)

    def at(self, q: float) -> float | None:
        """Return the q-quantile; None without values."""
        if not self._values:
            return None
        ordered = sorted(self._values)
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))]
