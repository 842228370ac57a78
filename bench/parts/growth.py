"""Part `growth`: how the cost of a trade in Spark grows with symbols, partitions, cores and executors.

It runs nine paths of 1.5 million trades a round, which is too long for `make bench`.
"""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bench.harness.runs import Measured, Run, Spread, in_turns, ratios
from bench.harness.workload import SYMBOLS
from bench.parts.spark import PARTITIONS, PATIENCE_S, fill
from bench.report.page import Section
from bench.report.table import spread, table
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded

TRADES: Final = 1_500_000
BATCHES: Final = 6
USUAL: Final = f"{SYMBOLS} symbols, {PARTITIONS} partitions, 2 cores"
_TOPICS: Final = ((1, 4), (50, 4), (1_000, 4), (10_000, 4), (50, 1), (50, 2))
"""Symbols and partitions."""
_MASTERS: Final = {"1 core": "local[1]", "1 executor": "executors[1]", "2 executors": "executors[2]"}


def run(rounds: int, say: Callable[[str], None]) -> Section:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say("starting Kafka")
        with guarded(Stack(name="bench", home=folder, cassandra=False)) as stack:
            paths = _paths(stack.bootstrap_servers, folder, say)
            runs = in_turns(paths, rounds, say, timeout_s=PATIENCE_S)
    return Section(part="growth", title="How Spark's cost grows", body=_body(runs, rounds))


def _paths(servers: str, folder: Path, say: Callable[[str], None]) -> list[Measured]:
    """Fill a topic for each, and give its path."""
    paths = []
    for symbols, partitions in _TOPICS:
        name = f"{symbols:,} symbol{'s' if symbols > 1 else ''}, {partitions} partition{'s' if partitions > 1 else ''}"
        topic = f"growth-{symbols}-{partitions}"
        say(f"filling a topic: {name}")
        expected = fill(servers, topic, TRADES, folder, symbols=symbols, partitions=partitions)
        given = ("spark_candles", servers, topic, TRADES, expected)
        at_once = TRADES // BATCHES
        paths.append(Measured.loop(f"{name}, 2 cores", *given, "local[2]", at_once))
        if (symbols, partitions) == (SYMBOLS, PARTITIONS):
            paths += [Measured.loop(f"{name}, {words}", *given, master, at_once) for words, master in _MASTERS.items()]
    return paths


def _body(runs: Mapping[str, list[Run]], rounds: int) -> str:
    rows = [
        [
            name,
            spread(Spread.of(run.rate for run in own)),
            spread(Spread.of(run.cpu_us for run in own)),
            "1" if name == USUAL else spread(ratios(own, runs[USUAL], lambda run: run.rate)),
            spread(Spread.of(run.extra["windows"] for run in own)),
            spread(Spread.of(run.extra["state_bytes"] / 2**20 for run in own)),
            spread(Spread.of(run.extra["bytes_a_change"] for run in own)),
        ]
        for name, own in runs.items()
    ]
    head = ["path", "trades/s", "CPU µs a trade", "rate ÷ the usual's", "windows", "state, MiB", "bytes a change"]
    return f"""
The query of candles as in the part `spark`, over {TRADES:,} trades of a topic each, in {BATCHES} micro-batches, of which the first third is left out,
and before them a whole pass as a warm-up; {rounds} rounds. An executor is a process of its own with one core, on the standalone cluster of Spark; all of them are
on this machine, with Kafka.
CPU time is that of driver and executors. Windows are those of the whole topic, open or not. The state is the most memory that the state store took, as Spark
reports it, with the versions that it keeps; a change is what the checkpoint's files of changes take for each window that a micro-batch changes.

{table(head, rows)}
"""
