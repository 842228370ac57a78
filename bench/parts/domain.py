"""Part `domain`: what each step costs a trade, and the embedded engine beside a hand-made loop and Bytewax."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pyperf

from bench.harness.runs import ROOT, Measured, Run, Spread, in_turns
from bench.harness.workload import SYMBOLS, frames, write_frames
from bench.peers.environments import peer
from bench.programs.stages import FILE_VARIABLE
from bench.report import plot
from bench.report.page import Section
from bench.report.table import comparison, spread, table

TRADES: Final = 400_000
TRADES_A_FRAME: Final = 10
HANDMADE: Final = "hand-made loop"


def run(rounds: int, say: Callable[[str], None]) -> Section:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "frames"
        write_frames(file, frames(TRADES, TRADES_A_FRAME))
        say("steps, with pyperf")
        steps = _steps(file, Path(folder) / "steps.json")
        paths = (
            Measured.loop("tapeline", "embedded_engine", "tapeline", file),
            Measured.loop(HANDMADE, "embedded_engine", "handmade", file),
            peer("Bytewax", "bytewax", "bytewax_frames.py", file),
        )
        runs = in_turns(paths, rounds, say)
        say("from the start of the program to its first candle")
        [starts] = in_turns([Measured.loop("tapeline live", "first_candle")], rounds, say).values()
    body = f"""
{SYMBOLS} symbols, {TRADES_A_FRAME} trades a frame, seeded.

### Steps

CPU µs a trade, by pyperf: {_PROCESSES} processes of {_VALUES} values each, after a warm-up value that is left out.

{table(["step", "CPU µs a trade"], [[name, spread(values)] for name, values in steps.items()])}

### The embedded engine

Frames to candles and stored trades, in one process without a broker: {TRADES:,} trades, {rounds} rounds; a warm-up with a tenth of them is left out.
tapeline parses, validates, identifies, windows with a watermark, and stores in memory. The hand-made loop and Bytewax read the same exact decimals
and fold the same candles, but validate nothing and give no trade an identity; Bytewax stores no trades. Quix Streams is not here: it has no mode
without a broker.

{comparison(runs, HANDMADE)}

{plot.bars("domain", "Frames to candles, one process", runs)}

### To the first candle

`python -m apps.live`, which `make run` calls once all is installed, as it is without settings: from the start of the process until the first line
with a candle has been read from it; {rounds} rounds. The CPU seconds are the program's, up to then. The simulated feed sends 50 trades a second.

{table(["from the start to", "s", "CPU s"], [["the first candle", _seconds(starts, "wall_s"), _seconds(starts, "cpu_s")]])}
"""
    return Section(part="domain", title="The domain", body=body)


def _seconds(runs: list[Run], name: str) -> str:
    return spread(Spread.of(getattr(run, name) for run in runs))


_PROCESSES: Final = 5
_VALUES: Final = 3


def _steps(file: Path, results: Path) -> dict[str, Spread]:
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
