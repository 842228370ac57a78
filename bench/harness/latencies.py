"""Latencies of trades, and their quantiles. A trade that never became readable has an infinite latency, so no quantile ignores it."""

from collections.abc import Sequence
from typing import Final

import attrs

NEVER_MS: Final = float("inf")


@attrs.frozen(kw_only=True)
class Latencies:
    """Latencies of the trades that the producer received in a period, sorted, in milliseconds."""

    trades: Sequence[float]
    """From the producer's receipt of a frame until the raw trade is readable."""
    candles: Sequence[float]
    """From the producer's receipt of a frame until a candle that contains the trade is readable."""
    feed: Sequence[float]
    """From the market's timestamp to the producer's receipt of the frame. The other two do not include it."""
    complete: bool
    """Whether everything that the producer received in the period became readable before the timeout."""


def quantile(values: Sequence[float], percent: float) -> float:
    """Return a quantile of sorted values, or `NEVER_MS` if there are none."""
    return values[min(int(len(values) * percent / 100), len(values) - 1)] if values else NEVER_MS
