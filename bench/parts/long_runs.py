"""Parts that take too long for `make bench`: `hold`, ten minutes at the rate that the pipeline is to sustain, and `soak`, half an hour at half that rate.

Both run the pipeline of the part `e2e` at one rate and measure each minute: latencies, cores, memory and disk.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from adapters.system_clock import system_clock
from bench.harness.disk import allocated
from bench.harness.latencies import NEVER_MS, quantile
from bench.harness.pipeline import MARKERS, Pipeline
from bench.harness.pipeline_phases import check_all_stored, start_warm
from bench.harness.steps import LATENCY_S, Step, run_step
from bench.harness.store_reader import StoreReader
from bench.parts.e2e import DEFAULT_TRIGGER_S
from bench.report import plot
from bench.report.figures import figure, seconds, spread_seconds
from bench.report.page import Section
from bench.report.step_tables import summary
from bench.report.table import table

SETTLE_S: Final = 15.0
STEP_S: Final = 60.0
_MIB: Final = 2**20


@attrs.frozen(kw_only=True)
class Kind:
    """A long part and its defaults."""

    title: str
    rate: float
    """Trades per second."""
    minutes: int


KINDS: Final = {
    "hold": Kind(title="Ten minutes at one rate", rate=15_000, minutes=10),
    "soak": Kind(title="Half an hour at one rate", rate=7_500, minutes=30),
}


@attrs.frozen(kw_only=True)
class Minute:
    """What was measured in a minute."""

    step: Step
    at_s: float
    """The end of the minute, in seconds since the beginning."""
    disk: Mapping[str, int]
    """Bytes on disk, by component."""
    files: int
    """Files in the checkpoint."""


def run_long(part: str, rate: float | None, minutes: int | None, progress: Callable[[str], None]) -> Section:
    """Measure the part. Raise AssertionError if not all trades that were sent are stored at the end."""
    kind = KINDS[part]
    rate, minutes = rate or kind.rate, minutes or kind.minutes
    with tempfile.TemporaryDirectory() as name:
        started_ms = system_clock()
        with Pipeline(Path(name), progress) as pipeline, StoreReader(pipeline.servers.cassandra, MARKERS) as reader:
            start_warm(pipeline, DEFAULT_TRIGGER_S, progress)
            pipeline.set_rate(rate)
            time.sleep(SETTLE_S)
            measured = list(_each_minute(pipeline, reader, rate, minutes, progress))
            trades = check_all_stored(pipeline, started_ms, progress)
    return Section(part=part, title=kind.title, body=_body(part, measured, rate, trades))


def _each_minute(
    pipeline: Pipeline, reader: StoreReader, rate: float, minutes: int, progress: Callable[[str], None]
) -> Iterator[Minute]:
    started_s = time.monotonic()
    for number in range(1, minutes + 1):
        step = run_step(pipeline, reader, rate, settle_s=0, seconds=STEP_S)
        disk, files = allocated(pipeline.folder)
        sizes = {**step.rss, **{f"{name} on disk": size for name, size in disk.items()}}
        growth = ", ".join(f"{name} {size / _MIB:,.0f} MiB" for name, size in sizes.items())
        progress(f"minute {number} of {minutes}: {summary(step)}; {growth}")
        yield Minute(step=step, at_s=time.monotonic() - started_s, disk=disk, files=files)


def _body(part: str, measured: Sequence[Minute], rate: float, trades: int) -> str:
    steps = [each.step for each in measured]
    complete = all(step.latencies.complete for step in steps)
    latencies = {
        "trades": sorted(value for step in steps for value in step.latencies.trades),
        "candles": sorted(value for step in steps for value in step.latencies.candles),
    }
    p95_ms = max((quantile(values, 95) for values in latencies.values()), default=NEVER_MS)
    sustained = complete and p95_ms < LATENCY_S * 1000
    verdict = "sustained" if sustained else "not sustained"
    quantiles = [
        [store, *(seconds(quantile(values, percent)) for percent in (50, 95, 99, 99.9))]
        for store, values in latencies.items()
    ]
    return f"""
{rate:,.0f} trades/s for {len(measured)} minutes, default settings, the pipeline and the reader of the section end to end: **{verdict}**, 95% of the trades and
candles were readable within {seconds(p95_ms)} s. All {trades:,} trades were in the candles at the end. The start and the first {SETTLE_S:.0f} s are excluded.

{table(["s, over all minutes", "p50", "p95", "p99", "p99.9"], quantiles)}

Per minute, minimum · **median** · maximum: p95 of trades {spread_seconds(quantile(step.latencies.trades, 95) for step in steps)} s, of candles
{spread_seconds(quantile(step.latencies.candles, 95) for step in steps)} s.

### Memory and disk

In MiB; the disk figures are the space that the files take, including everything that the servers keep. The checkpoint retains the last 100 micro-batches of
each query. Kafka and Cassandra retain everything, because nothing is old enough to expire.

{_growth(measured)}

{plot.lines(f"{part}-latency", "p95 from frame to readable, s", _minutes(measured), {store: _by_minute(measured, store) for store in latencies})}

{plot.lines(f"{part}-memory", "Memory, MiB", _minutes(measured), _memory(measured))}
"""


def _growth(measured: Sequence[Minute]) -> str:
    """Return a table of a few minutes at equal distances, including the first and the last."""
    count = min(len(measured), 6)
    chosen = [measured[round(number * (len(measured) - 1) / max(count - 1, 1))] for number in range(count)]
    head = ["", *(f"after {each.at_s / 60:.0f} min" for each in chosen)]
    rows = [
        [f"memory: {name}", *(figure(each.step.rss[name] / _MIB) for each in chosen)] for name in chosen[0].step.rss
    ]
    rows += [[f"disk: {name}", *(figure(each.disk[name] / _MIB) for each in chosen)] for name in chosen[0].disk]
    rows.append(["files in the checkpoint", *(f"{each.files:,}" for each in chosen)])
    return table(head, rows)


def _minutes(measured: Sequence[Minute]) -> list[float]:
    return [each.at_s / 60 for each in measured]


def _by_minute(measured: Sequence[Minute], store: str) -> list[float]:
    values = (quantile(getattr(each.step.latencies, store), 95) / 1000 for each in measured)
    # The line has a gap where a trade was never readable.
    return [value if value != NEVER_MS else float("nan") for value in values]


def _memory(measured: Sequence[Minute]) -> dict[str, list[float]]:
    return {name: [each.step.rss[name] / _MIB for each in measured] for name in measured[0].step.rss}
