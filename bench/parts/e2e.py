"""Part `e2e`: from a frame to readable rows in Cassandra, through the whole pipeline on this machine."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from adapters.system_clock import system_clock
from bench.harness.pipeline import MARKERS, TRADES_PER_FRAME, Pipeline
from bench.harness.pipeline_phases import WARM_UP_RATE, WARM_UP_S, check_all_stored, start_warm
from bench.harness.steps import LATENCY_S, MIN_SHARE, Step, run_step
from bench.harness.store_reader import PERIOD_S, StoreReader
from bench.harness.workload import SYMBOLS
from bench.report.page import Section
from bench.report.step_tables import ladder_table, latency_table, phase_table, summary

RATES: Final = (2_000, 10_000)
DEFAULT_TRIGGER_S: Final = 1.0
TRIGGERS_S: Final = (DEFAULT_TRIGGER_S, 5.0)
LADDER: Final = (5_000, 10_000, 15_000, 20_000, 30_000, 40_000)
SETTLE_S: Final = 6.0
STEP_S: Final = 15.0
LADDER_SETTLE_S: Final = 8.0
LADDER_STEP_S: Final = 25.0


@attrs.frozen(kw_only=True)
class Results:
    """The measured steps."""

    steps: Mapping[tuple[float, int], Sequence[Step]]
    """By trigger in seconds and by rate, in the order of the rounds."""
    ladder: Sequence[Step]
    """Steps of increasing rate, up to the first rate that is not sustained."""
    trades: int
    """Trades that were sent and stored in total."""


def run(rounds: int, progress: Callable[[str], None]) -> Section:
    """Measure the part."""
    with tempfile.TemporaryDirectory() as name:
        results = measure(Path(name), rounds, progress)
    return Section(part="e2e", title="End to end", body=_body(results, rounds))


def measure(folder: Path, rounds: int, progress: Callable[[str], None]) -> Results:
    """Run every step, then the ladder, then compare what was sent with what is stored."""
    steps: dict[tuple[float, int], list[Step]] = {(trigger, rate): [] for trigger in TRIGGERS_S for rate in RATES}
    started_ms = system_clock()
    with Pipeline(folder, progress) as pipeline, StoreReader(pipeline.servers.cassandra, MARKERS) as reader:
        # The triggers do not alternate, because each start of Spark loses the code that its JVM has compiled. The default trigger comes last.
        for trigger_s in TRIGGERS_S[::-1]:
            start_warm(pipeline, trigger_s, progress)
            for number in range(1, rounds + 1):
                for rate in RATES:
                    step = run_step(pipeline, reader, rate, settle_s=SETTLE_S, seconds=STEP_S)
                    steps[trigger_s, rate].append(step)
                    progress(f"trigger {trigger_s:g} s, round {number} of {rounds}: {summary(step)}")
        ladder: list[Step] = []
        for rate in LADDER:
            ladder.append(run_step(pipeline, reader, rate, settle_s=LADDER_SETTLE_S, seconds=LADDER_STEP_S))
            verdict = "sustained" if ladder[-1].sustained else "not sustained"
            progress(f"ladder, {rate:,}/s: {verdict}; {summary(ladder[-1])}")
            if not ladder[-1].sustained:
                break
        trades = check_all_stored(pipeline, started_ms, progress)
    return Results(steps=steps, ladder=ladder, trades=trades)


def _body(results: Results, rounds: int) -> str:
    default = {rate: results.steps[DEFAULT_TRIGGER_S, rate] for rate in RATES}
    return f"""
All components run on this machine, as in `tapeline stack` with its defaults: a market behind a real WebSocket ({TRADES_PER_FRAME} trades per frame,
{SYMBOLS} symbols), the producer, one Kafka broker, the aggregator on `local[*]`, one Cassandra node. Latency is the time from the producer's receipt of a
frame to the first answer of the Python stores that contains the trade, or a candle that includes it. A reader polls {len(MARKERS)} symbols, one per
partition, every {PERIOD_S * 1000:.0f} ms each, so a measured latency is {PERIOD_S * 500:.0f} ms too long on average and never too short. A trade that no answer
contained counts as never readable. Cold starts are excluded: each trigger has a new Spark process, which first runs for {WARM_UP_S:.0f} s at {WARM_UP_RATE:,}/s,
and each step starts with {SETTLE_S:.0f} s that are excluded. In total {results.trades:,} trades were sent; all of them were on the topic and in the candles at
the end, and every row of the polled symbols was stored.

### Latency at a steady rate

{STEP_S:.0f} s per step, {rounds} rounds; in seconds.

{latency_table(results.steps)}

### Where the time goes

Medians over the micro-batches, in ms, with the default trigger; each figure is the median of the rounds.

{phase_table(default)}

### The highest sustained rate

Trigger {TRIGGERS_S[0]:g} s. {LADDER_STEP_S:.0f} s per rate after {LADDER_SETTLE_S:.0f} s that are excluded, up to the first rate that is not sustained. A rate is
sustained if at least {MIN_SHARE:.0%} of it reaches the topic, and all trades and candles become readable, 95% of them within {LATENCY_S:.0f} s. The columns of the
components are the cores that each kept busy. `make bench-hold` runs ten minutes at one rate.

{ladder_table(results.ladder)}
"""
