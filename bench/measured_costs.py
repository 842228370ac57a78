"""The CPU cost of each component and the bytes on disk, from `measured.toml`.

The CPU of a component is a line: a fixed share of a core, plus CPU time per trade. For the producer and Spark the CPU time per trade is that at full
speed. Below full speed they process the same trades in more and smaller batches, so points of the running pipeline determine only the fixed share. For
the servers both come from a line through those points.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import attrs

MEASURED: Final = Path(__file__).with_name("measured.toml")
COMPONENTS: Final = ("producer", "kafka", "spark", "cassandra")


@attrs.frozen(kw_only=True)
class Cost:
    """The CPU cost of a component."""

    cores: float
    """The fixed share, in cores, at every rate."""
    cpu_us: float
    """CPU microseconds per trade."""

    def at(self, rate: float) -> float:
        """Return the cores that are busy at a rate."""
        return self.cores + rate * self.cpu_us / 1e6

    @classmethod
    def through(cls, points: Sequence[tuple[float, float]]) -> Self:
        """Return the least-squares line through (rate, cores), with a slope and a fixed share of at least zero."""
        mean_rate, mean_cores = (sum(values) / len(points) for values in zip(*points, strict=True))
        variation = sum((rate - mean_rate) ** 2 for rate, _ in points)
        slope = (
            sum((rate - mean_rate) * (cores - mean_cores) for rate, cores in points) / variation if variation else 0.0
        )
        slope = min(max(slope, 0.0), mean_cores / mean_rate)
        return cls(cores=mean_cores - slope * mean_rate, cpu_us=slope * 1e6)

    @classmethod
    def with_known_slope(cls, points: Sequence[tuple[float, float]], cpu_us: float) -> Self:
        """Return the cost with a known CPU time per trade. The fixed share is the mean rest of (rate, cores), at least zero."""
        rest = sum(cores - rate * cpu_us / 1e6 for rate, cores in points) / len(points)
        return cls(cores=max(rest, 0.0), cpu_us=cpu_us)


@attrs.frozen(kw_only=True)
class Point:
    """The cores that each component kept busy at a rate."""

    rate: float
    fit: bool
    """Whether the lines are fitted to this point. The others check the lines."""
    cores: Mapping[str, float]


@attrs.frozen(kw_only=True)
class Measured:
    """The measured figures."""

    provisional: bool
    """Whether the points still need a measurement on an otherwise idle machine."""
    note: str
    """How and where the figures were measured, in Markdown."""
    record_bytes: float
    kafka_bytes: float
    trade_bytes: float
    candle_bytes: float
    cpu_us: Mapping[str, float]
    """CPU microseconds per trade at full speed, of the components that were measured alone."""
    points: Sequence[Point]

    @property
    def costs(self) -> Mapping[str, Cost]:
        """The cost of each component."""
        fit = {name: [(point.rate, point.cores[name]) for point in self.points if point.fit] for name in COMPONENTS}
        return {
            name: Cost.with_known_slope(points, self.cpu_us[name]) if name in self.cpu_us else Cost.through(points)
            for name, points in fit.items()
        }

    @classmethod
    def read(cls, file: Path = MEASURED) -> Self:
        """Return the figures of a file."""
        fields: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
        sizes = fields["sizes"]
        return cls(
            provisional=fields["provisional"],
            note=fields["note"].strip(),
            record_bytes=sizes["record"],
            kafka_bytes=sizes["kafka_trade"],
            trade_bytes=sizes["trade_row"],
            candle_bytes=sizes["candle_row"],
            cpu_us=fields["cpu_us"],
            points=[
                Point(rate=each["rate"], fit=each.get("fit", False), cores={name: each[name] for name in COMPONENTS})
                for each in fields["points"]
            ],
        )
