"""Part `e2e`: from the frame to what can be read in Cassandra, through everything that lies between, on this machine."""

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.trade_store import CassandraTradeStore
from bench.harness.pipeline import MARKERS, TRADES_A_FRAME, Pipeline
from bench.harness.runs import Spread
from bench.harness.steps import LATENCY_S, OFFERED, Step, run_step, seconds
from bench.harness.visibility import PERIOD_S, Reader, now_ms, quantile
from bench.harness.workload import SYMBOLS, symbols
from bench.report.page import Section
from bench.report.table import figure, spread, table
from domain.window import MINUTE_MS, window_start_ms

RATES: Final = (2_000, 10_000)
TRIGGERS_S: Final = (1.0, 5.0)
"""The default, and what it is compared with."""
LADDER: Final = (5_000, 10_000, 15_000, 20_000, 30_000, 40_000)
WARM_S: Final = 90.0
"""After 75 s the JVM still spent a third of its CPU time on compiling."""
WARM_RATE: Final = 10_000
SETTLE_S: Final = 6.0
STEP_S: Final = 15.0
RUNG_SETTLE_S: Final = 8.0
RUNG_S: Final = 25.0
CATCH_UP_S: Final = 180.0
_QUANTILES: Final = (50, 95, 99)


@attrs.frozen(kw_only=True)
class Found:
    """All that was measured."""

    steps: Mapping[tuple[float, int], Sequence[Step]]
    """By trigger and rate, in the order of the rounds."""
    ladder: Sequence[Step]
    trades: int
    """How many went through altogether, and are stored."""


def run(rounds: int, say: Callable[[str], None]) -> Section:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        found = measure(Path(name), rounds, say)
    return Section(part="e2e", title="End to end", body=_body(found, rounds))


def measure(folder: Path, rounds: int, say: Callable[[str], None]) -> Found:
    """Run every step, then the ladder, then compare what was sent with what is stored."""
    steps: dict[tuple[float, int], list[Step]] = {(trigger, rate): [] for trigger in TRIGGERS_S for rate in RATES}
    begun_ms = now_ms()
    with Pipeline(folder, say) as pipeline, Reader(pipeline.servers.cassandra, MARKERS) as reader:
        # One trigger after the other, and not in turns: with each start of Spark all is forgotten that its JVM has compiled. The default comes last.
        for trigger_s in TRIGGERS_S[::-1]:
            start(pipeline, trigger_s, say)
            for number in range(1, rounds + 1):
                for rate in RATES:
                    step = run_step(pipeline, reader, rate, settle_s=SETTLE_S, seconds=STEP_S)
                    steps[trigger_s, rate].append(step)
                    say(f"trigger {trigger_s:g} s, round {number} of {rounds}: {step.told()}")
        ladder: list[Step] = []
        for rate in LADDER:
            ladder.append(run_step(pipeline, reader, rate, settle_s=RUNG_SETTLE_S, seconds=RUNG_S))
            say(f"ladder, {rate:,}/s: {'held' if ladder[-1].held else 'not held'}; {ladder[-1].told()}")
            if not ladder[-1].held:
                break
        trades = check_all_stored(pipeline, begun_ms, say)
    return Found(steps=steps, ladder=ladder, trades=trades)


def start(pipeline: Pipeline, trigger_s: float, say: Callable[[str], None]) -> None:
    """Start the aggregator and let its JVM warm up."""
    say(f"starting Spark with a trigger of {trigger_s:g} s, and warming it up")
    pipeline.set_rate(100)
    pipeline.start_aggregator(trigger_s)
    assert pipeline.await_stored(CATCH_UP_S), "Spark did not catch up with an idle topic"
    pipeline.set_rate(WARM_RATE)
    time.sleep(WARM_S)
    pipeline.set_rate(RATES[0])
    assert pipeline.await_stored(CATCH_UP_S), "Spark did not catch up after its warm-up"


def check_all_stored(pipeline: Pipeline, begun_ms: int, say: Callable[[str], None]) -> int:
    """Stop the market, wait for the rest, and compare: sent, on the topic, in the candles, and the markers' rows. Gives the number of trades."""
    pipeline.set_rate(0)
    # What the market has in hand is sent and counted within a few ms; its count is asked for only then.
    time.sleep(1)
    sent = pipeline.set_rate(0)
    assert pipeline.await_stored(CATCH_UP_S), "Spark did not catch up"
    on_topic = sum(pipeline.on_topic().values())
    session = CassandraSession(pipeline.servers.cassandra)
    begin_ms, end_ms = window_start_ms(begun_ms, MINUTE_MS), now_ms() + MINUTE_MS
    with CassandraTradeStore(session.settings, session) as trades, CassandraCandleStore(session.settings, session) as candles:  # fmt: skip
        counts = {
            name: sum(each.trade_count + each.update_count for each in candles.read(name, begin_ms, end_ms, MINUTE_MS))
            for name in symbols()
        }
        rows = {name: sum(1 for _ in trades.read(name, begin_ms, end_ms)) for name in MARKERS}
    assert sent == on_topic == sum(counts.values()), f"{sent} sent, {on_topic} on the topic, {sum(counts.values())} in candles"  # fmt: skip
    assert rows == {name: counts[name] for name in MARKERS}, f"rows {rows}, of {counts}"
    say(f"{sent:,} trades sent, on the topic and in candles; all {sum(rows.values()):,} rows of the markers are there")
    return sent


def _body(found: Found, rounds: int) -> str:
    return f"""
Everything on this machine, as `tapeline stack` runs it with its defaults: a market over a real WebSocket ({TRADES_A_FRAME} trades a frame,
{SYMBOLS} symbols), the producer, one Kafka broker, the aggregator on `local[*]`, one Cassandra node. Latency is from the producer's reading a frame to
the first answer of the Python stores that has the trade, or a candle that has it folded in: a reader asks for {len(MARKERS)} symbols, one of each
partition, every {PERIOD_S * 1000:.0f} ms each, so a latency is shown {PERIOD_S * 500:.0f} ms too great in the mean and never too small. A trade that no
answer had counts as never readable. Cold starts are left out: each trigger has a Spark of its own, which first runs {WARM_S:.0f} s at {WARM_RATE:,}/s, and
each step is given {SETTLE_S:.0f} s to settle. At the end {found.trades:,} trades were sent, on the topic, and counted in the candles; of the followed
symbols every row was there.

### Latency at a steady rate

{STEP_S:.0f} s a step, {rounds} rounds; in seconds.

{_latency_table(found.steps)}

### Where the time goes

Medians over the micro-batches, in ms, with the default trigger; each the median of the rounds.

{_phase_table(found.steps)}

### The highest rate that is held

Trigger {TRIGGERS_S[0]:g} s. {RUNG_S:.0f} s a rate after {RUNG_SETTLE_S:.0f} s to settle, up to the first that is not held: {OFFERED:.0%} of it carried,
all of it seen within {LATENCY_S:.0f} s at the 95th percentile, candles as well as trades. Columns of parts are the cores that each kept busy. Ten minutes
at one rate are `make bench-hold`.

{ladder_table(found.ladder)}
"""


def _latency_table(steps: Mapping[tuple[float, int], Sequence[Step]]) -> str:
    rows = []
    for (trigger_s, rate), own in steps.items():
        for what in ("trades", "candles"):
            figures = [
                spread_s(quantile(getattr(step.latencies, what), percent) for step in own) for percent in _QUANTILES
            ]
            rows.append([f"{rate:,}/s, trigger {trigger_s:g} s: {what}", *figures])
    return table(["s", *(f"p{percent}" for percent in _QUANTILES)], rows)


def _phase_table(steps: Mapping[tuple[float, int], Sequence[Step]]) -> str:
    rows = []
    for (trigger_s, rate), own in steps.items():
        if trigger_s != TRIGGERS_S[0]:
            continue
        for query in ("trades", "candles"):
            found = [step.batches[query] for step in own if query in step.batches]
            if not found:
                continue
            phases = {name for each in found for name in each.phases_ms}
            told = sorted(((_median(each.phases_ms.get(name, 0.0) for each in found), name) for name in phases), reverse=True)  # fmt: skip
            longest = ", ".join(f"{name} {figure(value)}" for value, name in told[:5] if value >= 1)
            whole_ms = _median(each.seconds * 1000 for each in found)
            records = _median(each.records for each in found)
            rows.append([f"{rate:,}/s: {query}", figure(records), figure(whole_ms), longest])
    return table(["query", "records", "whole", "longest phases"], rows)


def ladder_table(steps: Sequence[Step]) -> str:
    """Write a row a rate."""
    parts = list(steps[0].cores)
    rows = [
        [
            f"{step.rate:,.0f}",
            "yes" if step.held else "no",
            figure(step.carried),
            *(seconds(quantile(step.latencies.trades, percent)) for percent in _QUANTILES),
            seconds(quantile(step.latencies.candles, 95)),
            seconds(quantile(step.latencies.feed, 95)),
            figure(step.log_bytes),
            figure(max((each.behind for each in step.batches.values()), default=0)),
            *(f"{step.cores[part]:.2f}" for part in parts),
        ]
        for step in steps
    ]
    latencies = (*(f"p{percent} s" for percent in _QUANTILES), "candles p95 s", "market → producer p95 s")
    return table(["trades/s", "held", "carried/s", *latencies, "Kafka bytes a trade", "records behind", *parts], rows)


def spread_s(values_ms: Iterable[float]) -> str:
    """Write minimum, median and maximum of latencies, in seconds."""
    found = Spread.of(values_ms)
    if found.most == float("inf"):
        return f"{seconds(found.least)} · **{seconds(found.median)}** · never"
    return spread(Spread(least=found.least / 1000, median=found.median / 1000, most=found.most / 1000))


def _median(values: Iterable[float]) -> float:
    return Spread.of(values).median
