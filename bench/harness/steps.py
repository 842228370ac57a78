"""One step of the pipeline under load: a rate of trades, the latencies at that rate, and the resources that it takes."""

import time
from collections.abc import Mapping
from typing import Final

import attrs

from bench.harness.disk import kafka_log_bytes
from bench.harness.latencies import Latencies, quantile
from bench.harness.micro_batches import MicroBatches, read_micro_batches
from bench.harness.pipeline import Pipeline
from bench.harness.store_reader import StoreReader
from bench.harness.usage import Usage

TIMEOUT_S: Final = 20.0
"""The longest wait after a step for its last trades to become readable."""
BACKLOG_TIMEOUT_S: Final = 60.0
"""The longest wait before a step for the backlog of the previous step to be stored."""
LATENCY_S: Final = 5.0
"""The 95th percentile of the latency that a sustained rate stays below."""
MIN_SHARE: Final = 0.98
"""The share of the offered trades that a sustained rate carries at least."""


@attrs.frozen(kw_only=True)
class Step:
    """What was measured at a rate."""

    rate: float
    """Trades per second that were requested."""
    carried: float
    """Trades per second that reached the topic."""
    latencies: Latencies
    cores: Mapping[str, float]
    """Cores that each component kept busy."""
    rss: Mapping[str, int]
    """Resident memory of each component at the end, in bytes."""
    micro_batches: Mapping[str, MicroBatches]
    kafka_bytes_per_trade: float
    """Bytes per trade in Kafka's log."""

    @property
    def sustained(self) -> bool:
        """Whether the pipeline sustained the rate: every trade became readable, and the latency stayed low."""
        latencies = self.latencies
        p95_ms = max(quantile(latencies.trades, 95), quantile(latencies.candles, 95))
        return latencies.complete and p95_ms < LATENCY_S * 1000 and self.carried >= MIN_SHARE * self.rate


def run_step(pipeline: Pipeline, reader: StoreReader, rate: float, *, settle_s: float, seconds: float) -> Step:
    """Run the pipeline at a rate and measure it for `seconds`, after `settle_s` that are excluded. The rate stays set afterwards.

    First wait until the backlog of the previous step is stored, within a limit, because it is no cost of this rate.
    """
    pipeline.set_rate(rate)
    pipeline.await_stored(BACKLOG_TIMEOUT_S)
    time.sleep(settle_s)
    pipeline.check()
    pids = pipeline.pids()
    log_offset = pipeline.aggregator_log.stat().st_size
    trades_before, started_s, before = sum(pipeline.on_topic().values()), time.monotonic(), Usage.of(pids)
    bytes_before = kafka_log_bytes(pipeline.folder)
    latencies = reader.watch(seconds, TIMEOUT_S)
    after, ended_s = Usage.of(pids), time.monotonic()
    carried = sum(pipeline.on_topic().values()) - trades_before
    log_bytes = kafka_log_bytes(pipeline.folder) - bytes_before
    pipeline.check()
    return Step(
        rate=rate,
        carried=carried / (ended_s - started_s),
        latencies=latencies,
        cores=after.cores_since(before),
        rss=after.rss,
        micro_batches=read_micro_batches(pipeline.aggregator_log, log_offset),
        kafka_bytes_per_trade=log_bytes / max(carried, 1),
    )
