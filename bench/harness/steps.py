"""One step of the running pipeline: a rate, how late trades were readable at it, and what that took."""

import time
from collections.abc import Mapping
from typing import Final

import attrs

from bench.harness.micro_batches import Batches, read_batches
from bench.harness.pipeline import Pipeline
from bench.harness.usage import Usage
from bench.harness.visibility import Latencies, Reader, quantile
from bench.parts.sizes import log_bytes

PATIENCE_S: Final = 20.0
"""How long after a step its last trades are waited for."""
BEHIND_S: Final = 60.0
"""How long what is left of the step before is waited for."""
LATENCY_S: Final = 5.0
"""What 95 of 100 trades must be readable within for a rate to be held."""
OFFERED: Final = 0.98
"""The share of a rate that must come through."""


@attrs.frozen(kw_only=True)
class Step:
    """What was seen at a rate."""

    rate: float
    """Trades a second that were asked for."""
    carried: float
    """Trades a second that came onto the topic."""
    latencies: Latencies
    cores: Mapping[str, float]
    """How many cores each part kept busy."""
    rss: Mapping[str, int]
    """Bytes of memory of each part at the end."""
    batches: Mapping[str, Batches]
    log_bytes: float
    """Bytes that a trade took in Kafka's log."""

    @property
    def held(self) -> bool:
        """Whether the pipeline kept up: everything came through, and in time."""
        latencies = self.latencies
        late_ms = max(quantile(latencies.trades, 95), quantile(latencies.candles, 95))
        return latencies.whole and late_ms < LATENCY_S * 1000 and self.carried >= OFFERED * self.rate

    def told(self) -> str:
        """Say it in a line."""
        trades, candles = (
            " · ".join(seconds(quantile(values, percent)) for percent in (50, 95, 99))
            for values in (self.latencies.trades, self.latencies.candles)
        )
        cores = ", ".join(f"{name} {value:.2f}" for name, value in self.cores.items())
        return f"{self.carried:,.0f}/s: p50 · p95 · p99 of trades {trades} s, of candles {candles} s; cores: {cores}"


def run_step(pipeline: Pipeline, reader: Reader, rate: float, *, settle_s: float, seconds: float) -> Step:
    """Run the pipeline at a rate for so long, after a while to settle that is left out. The rate goes on afterwards.

    What an earlier step left behind is stored first, if that can be in a while: it is no cost of this rate.
    """
    pipeline.set_rate(rate)
    pipeline.await_stored(BEHIND_S)
    time.sleep(settle_s)
    pipeline.check()
    pids = pipeline.pids()
    log_at = pipeline.aggregator_log.stat().st_size
    on_topic, begun_s, before = sum(pipeline.on_topic().values()), time.monotonic(), Usage.of(pids)
    logged = log_bytes(pipeline.folder)
    latencies = reader.watch(seconds, PATIENCE_S)
    after, ended_s = Usage.of(pids), time.monotonic()
    carried = sum(pipeline.on_topic().values()) - on_topic
    logged = log_bytes(pipeline.folder) - logged
    pipeline.check()
    return Step(
        rate=rate,
        carried=carried / (ended_s - begun_s),
        latencies=latencies,
        cores=after.cores_since(before),
        rss=after.rss,
        batches=read_batches(pipeline.aggregator_log, log_at),
        log_bytes=logged / max(carried, 1),
    )


def seconds(latency_ms: float) -> str:
    """Write a latency in seconds."""
    return "never" if latency_ms == float("inf") else f"{latency_ms / 1000:.2f}"
