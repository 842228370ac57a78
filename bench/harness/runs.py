"""Variant runs, and how a program reports its own: the last line of its output is a report.

A report is a JSON object with `items`, `wall_s`, `cpu_s` and any further figures: `{"items": 1000, "wall_s": 0.5, "cpu_s": 0.4, "p99_ms": 2.0}`.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Self

import attrs


@attrs.frozen(kw_only=True)
class Run:
    """One run of one variant."""

    items: int
    """Trades or rows that the run processed."""
    wall_s: float
    cpu_s: float
    """CPU seconds of the whole process, including the threads of its libraries. Child processes count only where they do the work."""
    extra: Mapping[str, float] = attrs.field(factory=dict)
    """Further figures, such as latency quantiles."""

    @property
    def rate(self) -> float:
        """Items per second."""
        return self.items / self.wall_s

    @property
    def cpu_us(self) -> float:
        """CPU microseconds per item."""
        return self.cpu_s / self.items * 1e6

    def report(self) -> None:
        """Print the report. A program does so last."""
        print(json.dumps({"items": self.items, "wall_s": self.wall_s, "cpu_s": self.cpu_s, **self.extra}), flush=True)

    @classmethod
    def read(cls, output: str) -> Self:
        """Return the run that a program reported on the last line of its output. Raise ValueError if that line is no report."""
        fields = json.loads(output.splitlines()[-1])
        return cls(
            items=fields.pop("items"), wall_s=fields.pop("wall_s"), cpu_s=fields.pop("cpu_s"), extra=dict(fields)
        )


class Stopwatch:
    """Measures from its construction on. `cpu_s` returns the CPU seconds so far, by default those of this process."""

    def __init__(self, cpu_s: Callable[[], float] = time.process_time) -> None:
        self._cpu_clock = cpu_s
        self._wall_s, self._cpu_s = time.perf_counter(), cpu_s()

    def stop(self, items: int, **extra: float) -> Run:
        """Return the run since the construction."""
        cpu_s = self._cpu_clock() - self._cpu_s
        return Run(items=items, wall_s=time.perf_counter() - self._wall_s, cpu_s=cpu_s, extra=extra)
