"""Part `cassandra`: what the Python stores write, one row at a time and many at once, beside the driver alone."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.cassandra.settings import CassandraSettings
from bench.harness.runs import Measured, Run, Spread
from bench.harness.workload import SYMBOLS, frames, write_frames
from bench.report import plot
from bench.report.page import Section
from bench.report.table import comparison, spread, table
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded

ROWS_PER_S: Final = 500
STEADY_S: Final = 20
WARM_S: Final = 60
"""Until the server has compiled what it runs often, that costs single writes milliseconds."""
BULK_ROWS: Final = 60_000
SLOW_ROWS: Final = 15_000
"""A row a request takes several times as long."""
TRADES: Final = "tapeline, a trade"
CANDLES: Final = "tapeline, a candle"
BARE: Final = "bare driver, a trade"
BOUND: Final = "bare driver, batches of 50"
_QUANTILES: Final = {"p50": "p50_ms", "p99": "p99_ms", "p99.9": "p99.9_ms", "max": "max_ms"}


@attrs.frozen(kw_only=True)
class _Place:
    """Where a path writes: the day is added for each run, since none may meet the rows of another."""

    port: int
    file: Path
    days: list[int] = attrs.field(factory=lambda: [1])

    def day(self) -> int:
        """Give a day that none has had, in days before now; a warm-up has the one before it."""
        self.days[0] += 2
        return self.days[0]


def run(rounds: int, say: Callable[[str], None]) -> Section:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say("starting Cassandra")
        with guarded(Stack(name="bench", home=folder, kafka=False)) as stack:
            settings = CassandraSettings(port=stack.cassandra_port, local_dc=stack.cassandra_datacenter)
            apply_schema(settings, Replication.dev())
            # A frame a time, a trade each 0.2 ms: of any number of rows, all have keys of their own.
            write_frames(folder / "frames", frames(BULK_ROWS, 10))
            place = _Place(port=stack.cassandra_port, file=folder / "frames")
            say("warming Cassandra up")
            Measured.loop("warm-up", "store_bulk", "rows", place.port, place.file, place.day(), SLOW_ROWS).run(300.0)
            minute = (place.port, place.file, place.day(), ROWS_PER_S * WARM_S, ROWS_PER_S)
            Measured.loop("warm-up", "store_singles", "bare", *minute).run(300.0)
            singles = _turns(
                {TRADES: ("store_singles", "trades"), CANDLES: ("store_singles", "candles"), BARE: ("store_singles", "bare")},
                lambda _name: (ROWS_PER_S * STEADY_S, ROWS_PER_S),
                place, rounds, say,
            )  # fmt: skip
            bulk = _turns(
                {
                    "tapeline": ("store_bulk", "tapeline"),
                    BOUND: ("store_bulk", "batches"),
                    "bare driver, row by row": ("store_bulk", "rows"),
                },
                lambda name: (SLOW_ROWS if "row by row" in name else BULK_ROWS,),
                place, rounds, say,
            )  # fmt: skip
    return Section(part="cassandra", title="Cassandra, by the Python stores", body=_body(singles, bulk, rounds))


def _turns(
    paths: Mapping[str, tuple[str, str]],
    tail: Callable[[str], Sequence[object]],
    place: _Place,
    rounds: int,
    say: Callable[[str], None],
) -> dict[str, list[Run]]:
    """Run every path once a round, each on a day of its own."""
    runs: dict[str, list[Run]] = {name: [] for name in paths}
    for number in range(1, rounds + 1):
        for name, (module, path) in paths.items():
            measured = Measured.loop(name, module, path, place.port, place.file, place.day(), *tail(name))
            done = measured.run(300.0)
            runs[name].append(done)
            told = f", p99 {done.extra['p99_ms']:.1f} ms" if done.extra else ""
            say(f"round {number} of {rounds}: {name}: {done.rate:,.0f} rows/s, {done.cpu_us:.0f} us of CPU each{told}")
    return runs


def _body(singles: Mapping[str, list[Run]], bulk: Mapping[str, list[Run]], rounds: int) -> str:
    figures = [
        [name, *(spread(Spread.of(one.extra[key] for one in runs)) for key in _QUANTILES.values())]
        for name, runs in singles.items()
    ]
    return f"""
One Cassandra node of the dev stack, one copy, the tables as `tapeline admin schema` makes them; {SYMBOLS} symbols; {rounds} rounds. The bare driver
uses the statement of the trade store, prepared, at the same consistency level, with rows made beforehand. Each run writes a day of its own, and all
its rows are counted afterwards. The server is warmed up with {SLOW_ROWS:,} rows as fast as it takes them, and {WARM_S} s of single ones.

### One row at a time, {ROWS_PER_S} a second

{STEADY_S} s a run, of which the first quarter is a warm-up and left out. Each row is due at a time that is set beforehand, and its latency counts from
then on, so that a pause counts for every row that it delays. `write` of a store returns when the row is kept. Of candles most are upserts of one that is
there. Python looks for garbage as often as it does by itself. In ms:

{table(["ms", *_QUANTILES], figures)}

### Many rows at once

{BULK_ROWS:,} trades ({SLOW_ROWS:,} row by row), after a tenth of them as a warm-up, which is left out; CPU is the client's. tapeline is one `write`
of the trade store, which makes the rows, groups them by partition and batches them. `{BOUND}` has the rows made and grouped beforehand.

{comparison(bulk, BOUND, "row")}

{plot.bars("cassandra", "Trades into Cassandra by Python", bulk, unit="rows/s")}
"""
