"""Part `growth`: how the cost of a trade in Spark grows with symbols, partitions, cores and executors.

It runs nine variants over 1.5 million trades per round, which takes too long for `make bench`.
"""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bench.harness.runs import Run
from bench.harness.spread import Spread, ratios
from bench.harness.topics import PARTITIONS, fill
from bench.harness.variants import Variant, run_in_turns
from bench.harness.workload import SYMBOLS
from bench.report.figures import spread
from bench.report.page import Section
from bench.report.table import table
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded

TRADES: Final = 1_500_000
MICRO_BATCHES: Final = 6
BASELINE: Final = f"{SYMBOLS} symbols, {PARTITIONS} partitions, 2 cores"
TIMEOUT_S: Final = 600.0
_TOPICS: Final = ((1, 4), (50, 4), (1_000, 4), (10_000, 4), (50, 1), (50, 2))
"""Symbols and partitions."""
_MASTERS: Final = {"1 core": "local[1]", "1 executor": "executors[1]", "2 executors": "executors[2]"}


def run(rounds: int, progress: Callable[[str], None]) -> Section:
    """Measure the part."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        progress("starting Kafka")
        with guarded(Stack(name="bench", home=folder, cassandra=False)) as stack:
            variants = _variants(stack.bootstrap_servers, folder, progress)
            runs = run_in_turns(variants, rounds, progress, timeout_s=TIMEOUT_S)
    return Section(part="growth", title="How Spark's cost grows", body=_body(runs, rounds))


def _variants(servers: str, folder: Path, progress: Callable[[str], None]) -> list[Variant]:
    """Fill the topics and return the variants that read them."""
    variants = []
    for symbols, partitions in _TOPICS:
        name = f"{symbols:,} symbol{'s' if symbols > 1 else ''}, {partitions} partition{'s' if partitions > 1 else ''}"
        topic = f"growth-{symbols}-{partitions}"
        progress(f"filling a topic: {name}")
        expected = fill(servers, topic, TRADES, folder, symbols=symbols, partitions=partitions)
        args = ("spark_candles", servers, topic, TRADES, expected)
        size = TRADES // MICRO_BATCHES
        variants.append(Variant.of_program(f"{name}, 2 cores", *args, "local[2]", size))
        if (symbols, partitions) == (SYMBOLS, PARTITIONS):
            for workers, master in _MASTERS.items():
                variants.append(Variant.of_program(f"{name}, {workers}", *args, master, size))
    return variants


def _body(runs: Mapping[str, list[Run]], rounds: int) -> str:
    rows = [
        [
            name,
            spread(Spread.of(run.rate for run in own)),
            spread(Spread.of(run.cpu_us for run in own)),
            "1" if name == BASELINE else spread(ratios(own, runs[BASELINE], lambda run: run.rate)),
            spread(Spread.of(run.extra["windows"] for run in own)),
            spread(Spread.of(run.extra["state_bytes"] / 2**20 for run in own)),
            spread(Spread.of(run.extra["bytes_per_change"] for run in own)),
        ]
        for name, own in runs.items()
    ]
    head = ["variant", "trades/s", "CPU µs per trade", "rate ÷ baseline's", "windows", "state, MiB", "bytes per change"]
    return f"""
The candle query as in the part `spark`, over topics of {TRADES:,} trades each, in {MICRO_BATCHES} micro-batches; the first third is excluded, after
a first pass over the whole topic as a warm-up; {rounds} rounds. An executor is a process of its own with one core, on Spark's standalone cluster; all executors
run on this machine, together with Kafka. CPU time is that of the driver and the executors. Windows are all windows of the topic, open or closed. The state is
the maximum memory of the state store as Spark reports it, including the versions that it retains. Bytes per change are the size of the checkpoint's delta
files, divided by the number of windows that the micro-batches changed.

{table(head, rows)}
"""
