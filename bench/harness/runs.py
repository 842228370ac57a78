"""Paths in processes of their own, run in turns, and what they report.

A path is any command whose last line of output is a report: `{"items": 1000, "wall_s": 0.5, "cpu_s": 0.4}`, and whatever else it has measured.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

import attrs

ROOT = Path(__file__).resolve().parents[2]


@attrs.frozen(kw_only=True)
class Run:
    """One path, run once."""

    items: int
    """Trades, or frames, as the path says."""
    wall_s: float
    cpu_s: float
    """CPU seconds of the whole process, threads of its libraries included; of its children only where they do the work."""
    extra: Mapping[str, float] = attrs.field(factory=dict)
    """What else it has measured, such as quantiles of a latency."""

    @property
    def rate(self) -> float:
        """Items a second."""
        return self.items / self.wall_s

    @property
    def cpu_us(self) -> float:
        """CPU microseconds an item."""
        return self.cpu_s / self.items * 1e6

    def report(self) -> None:
        """Print it, as the last thing that a path does."""
        print(json.dumps({"items": self.items, "wall_s": self.wall_s, "cpu_s": self.cpu_s, **self.extra}), flush=True)

    @classmethod
    def read(cls, output: str) -> Self:
        """Read what `report` printed. Raises ValueError on anything else."""
        fields = json.loads(output.splitlines()[-1])
        return cls(
            items=fields.pop("items"), wall_s=fields.pop("wall_s"), cpu_s=fields.pop("cpu_s"), extra=dict(fields)
        )


class Stopwatch:
    """Measures from its making on. `cpu_s` gives CPU seconds so far: those of this process, unless the work is done elsewhere."""

    def __init__(self, cpu_s: Callable[[], float] = time.process_time) -> None:
        self._cpu_clock = cpu_s
        self._wall_s, self._cpu_s = time.perf_counter(), cpu_s()

    def stop(self, items: int, **extra: float) -> Run:
        """Give what has passed since."""
        cpu_s = self._cpu_clock() - self._cpu_s
        return Run(items=items, wall_s=time.perf_counter() - self._wall_s, cpu_s=cpu_s, extra=extra)


@attrs.frozen(kw_only=True)
class Measured:
    """A path to run: what it is called and the command that runs it."""

    name: str
    command: Sequence[str]

    @classmethod
    def loop(cls, name: str, module: str, *args: object) -> Self:
        """Make a path of a module in `bench.programs`."""
        return cls(name=name, command=(sys.executable, "-m", f"bench.programs.{module}", *map(str, args)))

    def run(self, timeout_s: float) -> Run:
        """Run it once. Raises RuntimeError with the end of its output when it fails."""
        done = subprocess.run(
            self.command, cwd=ROOT, env=_environment(), capture_output=True, text=True, timeout=timeout_s, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{self.name} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return Run.read(done.stdout)


@attrs.frozen(kw_only=True)
class Spread:
    """Minimum, median and maximum of a figure over the rounds."""

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Take them of at least one value."""
        found = sorted(values)
        return cls(least=found[0], median=statistics.median(found), most=found[-1])


def in_turns(
    paths: Sequence[Measured], rounds: int, say: Callable[[str], None], *, timeout_s: float = 300.0
) -> dict[str, list[Run]]:
    """Run every path once a round; gives the runs of each by its name, in the order of the rounds."""
    runs: dict[str, list[Run]] = {path.name: [] for path in paths}
    for number in range(1, rounds + 1):
        for path in paths:
            run = path.run(timeout_s)
            runs[path.name].append(run)
            say(f"round {number} of {rounds}: {path.name}: {run.rate:,.0f}/s, {run.cpu_us:.2f} us of CPU each")
    return runs


def ratios(runs: Sequence[Run], beside: Sequence[Run], figure: Callable[[Run], float]) -> Spread:
    """Compare a figure round by round: above 1 where it is greater than the other's."""
    return Spread.of(figure(one) / figure(other) for one, other in zip(runs, beside, strict=True))


def _environment() -> dict[str, str]:
    """Let the children run this tree's code, whatever is installed."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
