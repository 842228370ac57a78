"""Part `cassandra`: writes of the Python stores, one row at a time and many at once, compared with the bare driver."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import attrs

from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.cassandra.settings import CassandraSettings
from bench.harness.runs import Run
from bench.harness.spread import Spread
from bench.harness.variants import Variant
from bench.harness.workload import SYMBOLS, frames, write_frames
from bench.report import plot
from bench.report.figures import spread
from bench.report.page import Section
from bench.report.table import comparison, table
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded

ROWS_PER_S: Final = 500
STEADY_S: Final = 20
WARM_UP_S: Final = 60
"""Until the server has compiled the code that runs often, a single write takes milliseconds longer."""
BULK_ROWS: Final = 60_000
SLOW_ROWS: Final = 15_000
"""For the variant with one request per row, which takes several times as long."""
TRADES: Final = "tapeline, one trade"
CANDLES: Final = "tapeline, one candle"
BARE: Final = "bare driver, one trade"
BASELINE: Final = "bare driver, batches of 50"
ROW_BY_ROW: Final = "bare driver, row by row"
_TIMEOUT_S: Final = 300.0
_QUANTILES: Final = {"p50": "p50_ms", "p99": "p99_ms", "p99.9": "p99.9_ms", "max": "max_ms"}


@attrs.define(kw_only=True)
class _Target:
    """Where the programs write. Each run has a day of its own, so it finds no rows of another."""

    port: int
    file: Path
    days_back: int = 1

    def run(self, name: str, module: str, mode: str, *amount: object) -> Run:
        """Run a program on a new day. Its warm-up uses the day before that, so consecutive days are two apart."""
        self.days_back += 2
        args = (mode, self.port, self.file, self.days_back, *amount)
        return Variant.of_program(name, module, *args).run(_TIMEOUT_S)


def run(rounds: int, progress: Callable[[str], None]) -> Section:
    """Measure the part."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        progress("starting Cassandra")
        with guarded(Stack(name="bench", home=folder, kafka=False)) as stack:
            settings = CassandraSettings(port=stack.cassandra_port, local_dc=stack.cassandra_datacenter)
            apply_schema(settings, Replication.dev())
            # There are 5 trades per millisecond of event time, so the keys of any number of rows are distinct.
            write_frames(folder / "frames", frames(BULK_ROWS, 10))
            target = _Target(port=stack.cassandra_port, file=folder / "frames")
            progress("warming up Cassandra")
            target.run("warm-up", "store_bulk", "rows", SLOW_ROWS)
            target.run("warm-up", "store_singles", "bare", ROWS_PER_S * WARM_UP_S, ROWS_PER_S)
            steady = (ROWS_PER_S * STEADY_S, ROWS_PER_S)
            singles = {TRADES: ("trades", *steady), CANDLES: ("candles", *steady), BARE: ("bare", *steady)}
            bulk = {
                "tapeline": ("tapeline", BULK_ROWS),
                BASELINE: ("batches", BULK_ROWS),
                ROW_BY_ROW: ("rows", SLOW_ROWS),
            }
            single_runs = _run_in_turns(target, "store_singles", singles, rounds, progress)
            bulk_runs = _run_in_turns(target, "store_bulk", bulk, rounds, progress)
    body = _body(single_runs, bulk_runs, rounds)
    return Section(part="cassandra", title="Cassandra through the Python stores", body=body)


def _run_in_turns(
    target: _Target,
    module: str,
    variants: Mapping[str, tuple[object, ...]],
    rounds: int,
    progress: Callable[[str], None],
) -> dict[str, list[Run]]:
    """Run every variant once per round. A variant is a mode of the program and an amount."""
    runs: dict[str, list[Run]] = {name: [] for name in variants}
    for number in range(1, rounds + 1):
        for name, (mode, *amount) in variants.items():
            run = target.run(name, module, str(mode), *amount)
            runs[name].append(run)
            p99 = f", p99 {run.extra['p99_ms']:.1f} ms" if run.extra else ""
            progress(
                f"round {number} of {rounds}: {name}: {run.rate:,.0f} rows/s, {run.cpu_us:.0f} us of CPU each{p99}"
            )
    return runs


def _body(singles: Mapping[str, list[Run]], bulk: Mapping[str, list[Run]], rounds: int) -> str:
    figures = [
        [name, *(spread(Spread.of(run.extra[key] for run in runs)) for key in _QUANTILES.values())]
        for name, runs in singles.items()
    ]
    return f"""
One Cassandra node of the dev stack, one replica, the tables of `tapeline admin schema`; {SYMBOLS} symbols; {rounds} rounds. The bare driver
uses the prepared statement of the trade store at the same consistency level, with rows made beforehand. Each run writes to a day of its own, and all
its rows are counted afterwards. The warm-up of the server is {SLOW_ROWS:,} rows as fast as it accepts them, then {WARM_UP_S} s of single rows.

### One row at a time, {ROWS_PER_S} per second

{STEADY_S} s per run; the first quarter is a warm-up and is excluded. Each row has a scheduled time, and its latency counts from that time, so a
pause counts for every row that it delays. `write` of a store returns when Cassandra has acknowledged the row. Most candles update an existing row.
Python's garbage collector runs with its default settings. In ms:

{table(["ms", *_QUANTILES], figures)}

### Many rows at once

{BULK_ROWS:,} trades ({SLOW_ROWS:,} row by row), after a warm-up with a tenth of them, which is excluded; CPU time is that of the client. tapeline is one
`write` of the trade store, which makes the rows, groups them by partition and batches them. `{BASELINE}` has its rows made and
grouped beforehand.

{comparison(bulk, BASELINE, "row")}

{plot.bars("cassandra", "Trades into Cassandra from Python", bulk, unit="rows/s")}
"""
