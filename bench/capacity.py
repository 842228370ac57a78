"""How much of everything a number of trades a second takes: `python -m bench.capacity --trades-per-s 1000000`.

1. What a part needs is a line: a fixed share of a core, and CPU for each trade. For the producer and Spark the CPU is that at full speed: below it they
   do in more and smaller pieces what they have time for, so that points of the running pipeline tell the fixed share only. For the servers the line is drawn through
   those points. All of them, and bytes on disk, are in `measured.toml` with the commands that measure them.
2. Copies cost what the first one does: each of Kafka's is another broker's write, each of Cassandra's another node's.
3. No core is planned fuller than `Policy.busy`, no disk fuller than `Policy.disk_full`.
4. A topic has a partition for each core that folds: a partition is read by one task at a time. So is a symbol, whatever else grows.
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import attrs
import click

from bench.harness.runs import ROOT
from bench.report.table import figure, table

PAGE: Final = ROOT / "docs" / "scaling.md"
MEASURED: Final = Path(__file__).with_name("measured.toml")
PARTS: Final = ("producer", "kafka", "spark", "cassandra")
SIZES: Final = {2_000: 50, 15_000: 500, 100_000: 5_000, 1_000_000: 10_000}
"""Trades a second, and symbols that they are of."""
HOT_RATES: Final = (20, 200, 2_000, 20_000)
DAY_S: Final = 86_400
MINUTES_A_DAY: Final = 1_440
PARTITION_BYTES: Final = 100_000_000
"""What a partition of Cassandra is to stay below; its own guidance."""


@attrs.frozen(kw_only=True)
class Cost:
    """What a part takes."""

    cores: float
    """Whatever the rate is."""
    cpu_us: float
    """For each trade more."""

    def at(self, rate: float) -> float:
        """Give the cores that are busy at a rate."""
        return self.cores + rate * self.cpu_us / 1e6

    @classmethod
    def through(cls, points: Sequence[tuple[float, float]]) -> Self:
        """Draw the line of the least squares through (rate, cores), which neither falls nor begins below nothing."""
        mean_rate, mean_cores = (sum(values) / len(points) for values in zip(*points, strict=True))
        spread = sum((rate - mean_rate) ** 2 for rate, _ in points)
        slope = sum((rate - mean_rate) * (cores - mean_cores) for rate, cores in points) / spread if spread else 0.0
        slope = min(max(slope, 0.0), mean_cores / mean_rate)
        return cls(cores=mean_cores - slope * mean_rate, cpu_us=slope * 1e6)

    @classmethod
    def beside(cls, points: Sequence[tuple[float, float]], cpu_us: float) -> Self:
        """Give what (rate, cores) leave as the fixed share in the mean, where a trade's CPU is known; never less than nothing."""
        left = sum(cores - rate * cpu_us / 1e6 for rate, cores in points) / len(points)
        return cls(cores=max(left, 0.0), cpu_us=cpu_us)


@attrs.frozen(kw_only=True)
class Point:
    """Cores that each part kept busy at a rate."""

    rate: float
    fit: bool
    cores: Mapping[str, float]


@attrs.frozen(kw_only=True)
class Measured:
    """What was measured."""

    provisional: bool
    """Whether the points are still to be measured on a machine without other work."""
    note: str
    """How and where."""
    record_bytes: float
    kafka_bytes: float
    trade_bytes: float
    candle_bytes: float
    cpu_us: Mapping[str, float]
    """Of a trade at full speed, of the parts that were measured by themselves."""
    points: Sequence[Point]

    @property
    def costs(self) -> Mapping[str, Cost]:
        """The line of each part."""
        fit = {part: [(point.rate, point.cores[part]) for point in self.points if point.fit] for part in PARTS}
        return {
            part: Cost.beside(points, self.cpu_us[part]) if part in self.cpu_us else Cost.through(points)
            for part, points in fit.items()
        }

    @classmethod
    def read(cls, file: Path = MEASURED) -> Self:
        """Read the figures."""
        found: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
        sizes = found["sizes"]
        return cls(
            provisional=found["provisional"],
            note=found["note"].strip(),
            record_bytes=sizes["record"],
            kafka_bytes=sizes["kafka_trade"],
            trade_bytes=sizes["trade_row"],
            candle_bytes=sizes["candle_row"],
            cpu_us=found["cpu_us"],
            points=[
                Point(rate=each["rate"], fit=each.get("fit", False), cores={part: each[part] for part in PARTS})
                for each in found["points"]
            ],
        )


@attrs.frozen(kw_only=True)
class Policy:
    """How it is to run."""

    copies: int = 3
    busy: float = 0.5
    """The share of a core that is planned with: the rest is for bursts, compaction, and a machine that is gone."""
    disk_full: float = 0.5
    machine_cores: int = 8
    broker_disk_tb: float = 4.0
    node_disk_tb: float = 2.0
    """Of a Cassandra node: more takes hours to stream to a new one."""
    kafka_days: int = 7
    trade_days: int = 30
    candle_days: int = 90


@attrs.frozen(kw_only=True)
class Plan:
    """What it takes."""

    trades_per_s: float
    symbols: int
    producers: int
    """Processes, by CPU alone: a feed's cap of symbols a key may ask for more."""
    partitions: int
    brokers: int
    executor_cores: int
    executors: int
    """Machines."""
    nodes: int
    """Cassandra's."""
    kafka_tb: float
    trades_tb: float
    candles_tb: float
    """On disk, all copies."""


def plan(trades_per_s: float, symbols: int, measured: Measured, policy: Policy | None = None) -> Plan:
    """Count what a rate takes. Raises ValueError on one that is not above 0."""
    if trades_per_s <= 0 or symbols <= 0:
        raise ValueError("trades a second and symbols are above 0")
    policy = policy or Policy()
    costs = measured.costs
    kafka_tb = trades_per_s * DAY_S * policy.kafka_days * measured.kafka_bytes * policy.copies / 1e12
    trades_tb = trades_per_s * DAY_S * policy.trade_days * measured.trade_bytes * policy.copies / 1e12
    windows = min(symbols, trades_per_s * 60) * MINUTES_A_DAY
    candles_tb = windows * policy.candle_days * measured.candle_bytes * policy.copies / 1e12
    executor_cores = math.ceil(costs["spark"].at(trades_per_s) / policy.busy)

    def machines(cores: float, terabytes: float, disk_tb: float) -> int:
        by_cpu = cores * policy.copies / (policy.busy * policy.machine_cores)
        return max(policy.copies, math.ceil(by_cpu), math.ceil(terabytes / (disk_tb * policy.disk_full)))

    return Plan(
        trades_per_s=trades_per_s,
        symbols=symbols,
        producers=math.ceil(trades_per_s * costs["producer"].cpu_us / 1e6 / policy.busy),
        partitions=max(4, executor_cores),
        brokers=machines(costs["kafka"].at(trades_per_s), kafka_tb, policy.broker_disk_tb),
        executor_cores=executor_cores,
        executors=math.ceil(executor_cores / policy.machine_cores),
        nodes=machines(costs["cassandra"].at(trades_per_s), trades_tb + candles_tb, policy.node_disk_tb),
        kafka_tb=kafka_tb,
        trades_tb=trades_tb,
        candles_tb=candles_tb,
    )


@attrs.frozen(kw_only=True)
class Hot:
    """What one symbol takes, which no machine more makes less."""

    trades_per_s: float
    day_bytes: float
    """Of its partition of `trades_v2` a day, one copy, on disk."""
    bucket_minutes: int
    """How long a partition may be to stay below the guidance; 1,440 is a day, as it is now."""
    spark_core: float
    """The share of the one core that reads its partition of the topic."""


def hot(trades_per_s: float, measured: Measured) -> Hot:
    """Count what a symbol of so many trades a second takes."""
    day_bytes = trades_per_s * DAY_S * measured.trade_bytes
    whole = [minutes for minutes in range(1, MINUTES_A_DAY + 1) if MINUTES_A_DAY % minutes == 0]
    fitting = [minutes for minutes in whole if day_bytes * minutes / MINUTES_A_DAY <= PARTITION_BYTES]
    return Hot(
        trades_per_s=trades_per_s,
        day_bytes=day_bytes,
        bucket_minutes=max(fitting, default=1),
        spark_core=trades_per_s * measured.costs["spark"].cpu_us / 1e6,
    )


def tables(measured: Measured, policy: Policy | None = None) -> str:
    """Write the page's tables."""
    plans = [plan(rate, symbols, measured, policy) for rate, symbols in SIZES.items()]
    rows = [
        ["symbols", *(f"{each.symbols:,}" for each in plans)],
        ["producer processes", *(f"{each.producers:,}" for each in plans)],
        ["partitions of `trades`", *(f"{each.partitions:,}" for each in plans)],
        ["Kafka brokers", *(f"{each.brokers:,}" for each in plans)],
        ["cores of executors (machines)", *(f"{each.executor_cores:,} ({each.executors:,})" for each in plans)],
        ["Cassandra nodes", *(f"{each.nodes:,}" for each in plans)],
        ["Kafka, TB", *(figure(each.kafka_tb) for each in plans)],
        ["raw trades, TB", *(figure(each.trades_tb) for each in plans)],
        ["candles, TB", *(figure(each.candles_tb) for each in plans)],
    ]
    costs = measured.costs
    lines = [[part, f"{costs[part].cores:.2f}", f"{costs[part].cpu_us:.1f}"] for part in PARTS]
    hots = [hot(rate, measured) for rate in HOT_RATES]
    hot_rows = [
        [
            f"{each.trades_per_s:,.0f}",
            figure(each.day_bytes / 1e6),
            f"{each.bucket_minutes:,}",
            f"{each.spark_core:.3f}",
        ]
        for each in hots
    ]
    checks = [
        [f"{point.rate:,.0f}", "fitted to it" if point.fit else "checked against it", *_against(point, costs)]
        for point in measured.points
    ]
    return "\n\n".join(
        (
            f"**Provisional.** {measured.note}" if measured.provisional else measured.note,
            "### What a trade costs\n\n" + table(["part", "cores, always", "CPU µs a trade"], lines),
            "### The line and the points\n\nCores of all parts together.\n\n"
            + table(["trades/s", "the line is", "measured", "by the line", "by the line ÷ measured"], checks),
            "### What it takes\n\n" + table(["trades/s", *(f"{each.trades_per_s:,.0f}" for each in plans)], rows),
            "### A hot symbol\n\n"
            + table(["trades/s of the symbol", "MB a day in Cassandra", "minutes a partition may be", "share of its Spark core"], hot_rows),
        )
    )  # fmt: skip


def _against(point: Point, costs: Mapping[str, Cost]) -> list[str]:
    measured, by_line = sum(point.cores.values()), sum(cost.at(point.rate) for cost in costs.values())
    return [f"{measured:.2f}", f"{by_line:.2f}", f"{by_line / measured:.2f}"]


_BEGIN: Final = "<!-- capacity: begin -->"
_END: Final = "<!-- capacity: end -->"


def on_page(text: str, measured: Measured) -> str:
    """Put the tables between the page's markers."""
    before, _, rest = text.partition(_BEGIN)
    return f"{before}{_BEGIN}\n\n{tables(measured)}\n\n{_END}{rest.partition(_END)[2]}"


@click.command()
@click.option("--trades-per-s", type=click.FloatRange(min=0, min_open=True), help="Tell of this rate alone")
@click.option("--symbols", type=click.IntRange(min=1), default=50, show_default=True, help="Symbols that trade")
@click.option("--write", is_flag=True, help="Put the tables into docs/scaling.md")
def main(trades_per_s: float | None, symbols: int, *, write: bool) -> None:
    """Count partitions, brokers, executors, nodes and disks for a number of trades a second."""
    measured = Measured.read()
    if write:
        PAGE.write_text(on_page(PAGE.read_text("utf-8"), measured), "utf-8")
    elif trades_per_s is None:
        print(tables(measured))
    else:
        for name, value in attrs.asdict(plan(trades_per_s, symbols, measured)).items():
            print(f"{name:15} {value:,.2f}" if isinstance(value, float) else f"{name:15} {value:,}")


if __name__ == "__main__":
    main(prog_name="python -m bench.capacity")
