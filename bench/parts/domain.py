"""Part `domain`: the cost of each stage per trade, and the embedded engine compared with a bare loop and Bytewax."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pyperf

from bench.harness.runs import Run
from bench.harness.spread import Spread
from bench.harness.variants import ROOT, Variant, run_in_turns
from bench.harness.workload import SYMBOLS, frames, write_frames
from bench.peers.environments import peer
from bench.programs.stages import FILE_VARIABLE
from bench.report import plot
from bench.report.figures import spread
from bench.report.page import Section
from bench.report.table import comparison, table

TRADES: Final = 400_000
TRADES_PER_FRAME: Final = 10
BARE_LOOP: Final = "bare loop"
_PROCESSES: Final = 5
_VALUES: Final = 3


def run(rounds: int, progress: Callable[[str], None]) -> Section:
    """Measure the part."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "frames"
        write_frames(file, frames(TRADES, TRADES_PER_FRAME))
        progress("stages, with pyperf")
        stages = _stages(file, Path(folder) / "stages.json")
        variants = (
            Variant.of_program("tapeline", "embedded_engine", "tapeline", file),
            Variant.of_program(BARE_LOOP, "embedded_engine", "bare", file),
            peer("Bytewax", "bytewax", "bytewax_frames.py", file),
        )
        engines = run_in_turns(variants, rounds, progress)
        progress("from the start of the program to its first candle")
        [starts] = run_in_turns([Variant.of_program("tapeline live", "first_candle")], rounds, progress).values()
    return Section(part="domain", title="The domain", body=_body(stages, engines, starts, rounds))


def _stages(file: Path, results: Path) -> dict[str, Spread]:
    """Return the CPU microseconds per trade of each stage."""
    command = (sys.executable, "-m", "bench.programs.stages", "--output", str(results), "--quiet")
    amount = ("--processes", str(_PROCESSES), "--values", str(_VALUES), "--warmups", "1", "--min-time", "0.1")
    subprocess.run(
        (*command, *amount, "--inherit-environ", f"PYTHONPATH,{FILE_VARIABLE}"),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), FILE_VARIABLE: str(file)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    suite = pyperf.BenchmarkSuite.load(str(results))
    return {each.get_name(): Spread.of(value * 1e6 for value in each.get_values()) for each in suite.get_benchmarks()}


def _body(stages: Mapping[str, Spread], engines: Mapping[str, list[Run]], starts: list[Run], rounds: int) -> str:
    return f"""
{SYMBOLS} symbols, {TRADES_PER_FRAME} trades per frame, seeded.

### Stages

CPU µs per trade, measured by pyperf: {_PROCESSES} processes with {_VALUES} values each, after one warm-up value that is excluded.

{table(["stage", "CPU µs per trade"], [[name, spread(values)] for name, values in stages.items()])}

### The embedded engine

Frames to candles and stored trades, in one process without a broker: {TRADES:,} trades, {rounds} rounds, after a warm-up with a tenth of the trades.
tapeline parses, validates and identifies the trades, folds them into windows with a watermark, and stores both in memory. The bare loop and
Bytewax read the same exact decimals and fold the same candles, but neither validates or identifies trades, and Bytewax does not store them. Quix
Streams is absent because it has no mode without a broker.

{comparison(engines, BARE_LOOP)}

{plot.bars("domain", "Frames to candles, one process", engines)}

### To the first candle

`python -m apps.live` without settings, which is what `make run` calls after the installation: from the start of the process until it has printed the
first line with a candle; {rounds} rounds. The CPU seconds are those of the program up to that line. The simulated feed sends 50 trades per second.

{table(["from the start to", "s", "CPU s"], [["the first candle", _spread(starts, "wall_s"), _spread(starts, "cpu_s")]])}
"""


def _spread(runs: list[Run], field: str) -> str:
    return spread(Spread.of(getattr(run, field) for run in runs))
