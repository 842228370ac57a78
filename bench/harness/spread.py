"""The spread of a figure over the rounds."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Self

import attrs

from bench.harness.runs import Run


@attrs.frozen(kw_only=True)
class Spread:
    """Minimum, median and maximum of a figure over the rounds."""

    minimum: float
    median: float
    maximum: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Return the spread of one value or more."""
        ordered = sorted(values)
        return cls(minimum=ordered[0], median=statistics.median(ordered), maximum=ordered[-1])


def ratios(runs: Sequence[Run], others: Sequence[Run], figure: Callable[[Run], float]) -> Spread:
    """Return the spread of `figure` of each run, divided by that of the other run of the same round."""
    return Spread.of(figure(run) / figure(other) for run, other in zip(runs, others, strict=True))
