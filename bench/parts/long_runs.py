"""Parts that take long, and are no part of `make bench`: `hold`, ten minutes at the rate that the pipeline is meant to hold, and `soak`, half an hour at half of it.

Both run the pipeline of part `e2e` at one rate and look at it each minute: latencies, cores, memory, and what lies on disk.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from bench.harness.pipeline import MARKERS, Pipeline
from bench.harness.steps import LATENCY_S, Step, run_step, seconds
from bench.harness.visibility import NEVER_MS, Reader, now_ms, quantile
from bench.parts.e2e import TRIGGERS_S, check_all_stored, spread_s, start
from bench.report import plot
from bench.report.page import Section
from bench.report.table import figure, table

SETTLE_S: Final = 15.0
STEP_S: Final = 60.0
_MIB: Final = 2**20


@attrs.frozen(kw_only=True)
class Kind:
    """A long part."""

    title: str
    rate: float
    """Trades a second, unless another is asked for."""
    minutes: int


KINDS: Final = {
    "hold": Kind(title="Ten minutes at one rate", rate=15_000, minutes=10),
    "soak": Kind(title="Half an hour at one rate", rate=7_500, minutes=30),
}


@attrs.frozen(kw_only=True)
class Minute:
    """What was seen in a minute."""

    step: Step
    at_s: float
    """From the beginning on."""
    disk: Mapping[str, int]
    """Bytes by place."""
    files: int
    """How many the checkpoint has."""


def run_long(part: str, rate: float | None, minutes: int | None, say: Callable[[str], None]) -> Section:
    """Measure. Raises AssertionError when not all that was sent is stored in the end."""
    kind = KINDS[part]
    rate, minutes = rate or kind.rate, minutes or kind.minutes
    with tempfile.TemporaryDirectory() as name:
        begun_ms = now_ms()
        with Pipeline(Path(name), say) as pipeline, Reader(pipeline.servers.cassandra, MARKERS) as reader:
            start(pipeline, TRIGGERS_S[0], say)
            pipeline.set_rate(rate)
            time.sleep(SETTLE_S)
            found = list(_each_minute(pipeline, reader, rate, minutes, say))
            trades = check_all_stored(pipeline, begun_ms, say)
    return Section(part=part, title=kind.title, body=_body(part, found, rate, trades))


def _each_minute(
    pipeline: Pipeline, reader: Reader, rate: float, minutes: int, say: Callable[[str], None]
) -> Iterator[Minute]:
    begun_s = time.monotonic()
    for number in range(1, minutes + 1):
        step = run_step(pipeline, reader, rate, settle_s=0, seconds=STEP_S)
        disk, files = on_disk(pipeline.folder)
        told = ", ".join(
            f"{name} {size / _MIB:,.0f} MiB"
            for name, size in {**step.rss, **{f"{place} on disk": size for place, size in disk.items()}}.items()
        )
        say(f"minute {number} of {minutes}: {step.told()}; {told}")
        yield Minute(step=step, at_s=time.monotonic() - begun_s, disk=disk, files=files)


def on_disk(folder: Path) -> tuple[dict[str, int], int]:
    """Give the bytes below the checkpoint and each server's data, and the number of the checkpoint's files."""
    sizes = {}
    counts = {}
    for name, place in {"checkpoint": "checkpoint", "Kafka": "kafka-1", "Cassandra": "cassandra-1"}.items():
        found = list(_sizes(folder / place))
        sizes[name], counts[name] = sum(found), len(found)
    return sizes, counts["checkpoint"]


def _sizes(folder: Path) -> Iterator[int]:
    for file in folder.rglob("*"):
        try:
            if file.is_file():
                # What it takes on the disk: some files are made longer than what is in them.
                yield file.stat().st_blocks * 512
        except FileNotFoundError:
            continue


def _body(part: str, found: Sequence[Minute], rate: float, trades: int) -> str:
    steps = [each.step for each in found]
    whole = all(step.latencies.whole for step in steps)
    latencies = {
        "trades": sorted(value for step in steps for value in step.latencies.trades),
        "candles": sorted(value for step in steps for value in step.latencies.candles),
    }
    late_ms = max((quantile(values, 95) for values in latencies.values()), default=NEVER_MS)
    held = whole and late_ms < LATENCY_S * 1000
    verdict = "held" if held else "not held"
    all_of_it = [
        [what, *(seconds(quantile(values, percent)) for percent in (50, 95, 99, 99.9))]
        for what, values in latencies.items()
    ]
    return f"""
{rate:,.0f} trades/s for {len(found)} minutes, default settings, the pipeline and the reader of the section end to end: **{verdict}**, 95 of 100 trades and
candles within {seconds(late_ms)} s. Of {trades:,} trades all were in the candles in the end. The first {SETTLE_S:.0f} s are left out, and the start.

{table(["s, over all minutes", "p50", "p95", "p99", "p99.9"], all_of_it)}

By the minute, least · **median** · most: p95 of trades {spread_s(quantile(step.latencies.trades, 95) for step in steps)} s, of candles
{spread_s(quantile(step.latencies.candles, 95) for step in steps)} s.

### Memory and disk

MiB; of disks what the files take, everything that the servers keep included. The checkpoint keeps the last 100 micro-batches of each query; Kafka and
Cassandra keep all, since neither has anything that is old enough to go.

{_growth(found)}

{plot.lines(f"{part}-latency", "p95 from frame to readable, s", _minutes(found), {what: _by_minute(found, what) for what in ("trades", "candles")})}

{plot.lines(f"{part}-memory", "Memory, MiB", _minutes(found), _memory(found))}
"""


def _growth(found: Sequence[Minute]) -> str:
    """Tell of a few minutes, evenly spread, the first and the last among them."""
    count = min(len(found), 6)
    chosen = [found[round(number * (len(found) - 1) / max(count - 1, 1))] for number in range(count)]
    head = ["", *(f"after {each.at_s / 60:.0f} min" for each in chosen)]
    rows = [
        [f"memory: {part}", *(figure(each.step.rss[part] / _MIB) for each in chosen)] for part in chosen[0].step.rss
    ]
    rows += [[f"disk: {place}", *(figure(each.disk[place] / _MIB) for each in chosen)] for place in chosen[0].disk]
    rows.append(["files of the checkpoint", *(f"{each.files:,}" for each in chosen)])
    return table(head, rows)


def _minutes(found: Sequence[Minute]) -> list[float]:
    return [each.at_s / 60 for each in found]


def _by_minute(found: Sequence[Minute], what: str) -> list[float]:
    values = (quantile(getattr(each.step.latencies, what), 95) / 1000 for each in found)
    # A gap in the line where it was never readable.
    return [value if value != NEVER_MS else float("nan") for value in values]


def _memory(found: Sequence[Minute]) -> dict[str, list[float]]:
    return {part: [each.step.rss[part] / _MIB for each in found] for part in found[0].step.rss}
