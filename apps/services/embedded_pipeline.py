"""Both halves of the pipeline in one thread: ingest a few frames, then fold what the broker has, in turn.

Folding costs more for each call than for each trade, so frames are folded in batches: a full batch, after a short wait, or as soon as the feed is idle.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final

from domain.candle import Candle

from .in_process_aggregator import InProcessAggregator
from .ingest import Ingest
from .stats import Quantiles

FRAMES_PER_BATCH: Final = 64
BATCH_WAIT_S: Final = 0.05


class EmbeddedPipeline:
    """Steps an `Ingest` and an `InProcessAggregator` that share a broker. Keeps the newest candle of each symbol."""

    def __init__(
        self, ingest: Ingest, aggregator: InProcessAggregator, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.ingest = ingest
        self.aggregator = aggregator
        self.latency_ms = Quantiles()
        """From the venue's timestamp to the receipt, of the newest trade of each batch."""
        self._monotonic = monotonic
        self._begun_s = monotonic()
        self._next_batch_s = self._begun_s
        self._unfolded_frames = 0
        self._newest: dict[str, Candle] = {}

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return self._monotonic() - self._begun_s

    @property
    def newest_candles(self) -> Sequence[Candle]:
        """The newest candle of each symbol, sorted by symbol."""
        return [self._newest[symbol] for symbol in sorted(self._newest)]

    def step(self, timeout_s: float) -> Sequence[Candle]:
        """Ingest one message and fold a batch when it is due. Return the candles that became final.

        Raise EndOfFeed, FeedError, BrokerError and StoreError from the ports.
        """
        received = self.ingest.step(timeout_s)
        self._unfolded_frames += 1
        now_s = self._monotonic()
        if received and self._unfolded_frames < FRAMES_PER_BATCH and now_s < self._next_batch_s:
            return []
        self._unfolded_frames, self._next_batch_s = 0, now_s + BATCH_WAIT_S
        return self._fold()[1]

    def finish(self) -> Sequence[Candle]:
        """Fold what is left after the last message, and return the candles that became final: all that were still open."""
        self.ingest.finish(0)
        final: list[Candle] = []
        counts, read = self.aggregator.counts, -1
        # A batch can change no candle although more records follow.
        while counts.records > read:
            read = counts.records
            final += self._fold()[1]
        return [*final, *self.aggregator.finish()]

    def summary(self) -> str:
        """Return one line that says what was received, folded and rejected."""
        received = self.ingest.counts
        rejected = received.rejected + self.aggregator.counts.rejected
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(rejected.items()))
        return (
            f"{received.trades} trades ({received.price_updates} of them price updates) in {received.frames} frames, "
            f"{self.aggregator.counts.final_candles} candles, {rejected.total()} rejected{f' ({reasons})' if reasons else ''}, "
            f"{self.aggregator.late_trades} late, {received.redelivered} redelivered, in {self.elapsed_s:.1f} s"
        )

    def _fold(self) -> tuple[Sequence[Candle], Sequence[Candle]]:
        changed, final = self.aggregator.step(0)
        for candle in changed:
            known = self._newest.get(candle.symbol)
            if known is None or candle.window_start_ms >= known.window_start_ms:
                self._newest[candle.symbol] = candle
        if changed and self.ingest.counts.latency_ms is not None:
            self.latency_ms.add(self.ingest.counts.latency_ms)
        return changed, final
