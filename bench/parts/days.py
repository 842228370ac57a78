"""Part `days`: `tapeline report` over a day of a thousand symbols, by both engines."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bench.harness.runs import Run
from bench.harness.spread import Spread
from bench.harness.variants import Variant, run_in_turns
from bench.report.figures import spread
from bench.report.page import Section
from bench.report.table import table
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded

TRADES: Final = 1_000_000
SYMBOLS: Final = 1_000
ENGINES: Final = ("spark", "python")
TIMEOUT_S: Final = 1_200.0


def run(rounds: int, progress: Callable[[str], None]) -> Section:
    """Measure the part."""
    with tempfile.TemporaryDirectory() as name:
        progress("starting Cassandra")
        with guarded(Stack(name="bench", home=Path(name), kafka=False)) as stack:
            args = (stack.cassandra_hosts[0], stack.cassandra_port, TRADES, SYMBOLS)
            progress(f"storing {TRADES:,} trades of {SYMBOLS:,} symbols and their candles")
            Variant.of_program("fill", "day_report", "fill", *args).run(TIMEOUT_S)
            variants = [Variant.of_program(engine, "day_report", engine, *args) for engine in ENGINES]
            runs = run_in_turns(variants, rounds, progress, timeout_s=TIMEOUT_S)
    return Section(part="days", title="The report of a day", body=_body(runs, rounds))


def _body(runs: Mapping[str, list[Run]], rounds: int) -> str:
    rows = [[engine, spread(Spread.of(run.wall_s for run in own))] for engine, own in runs.items()]
    return f"""
`tapeline report` over one trading day of {SYMBOLS:,} US stocks with {TRADES:,} trades and their candles, as a whole program: it starts Python and Spark,
reads trades and candles from one Cassandra node on the same cores, folds and compares them, and stores {SYMBOLS:,} reports and candles of the day.
Each stored candle is found equal to its trades. {rounds} rounds.

{table(["engine", "seconds"], rows)}
"""
