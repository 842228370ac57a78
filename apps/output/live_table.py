"""What the terminal shows of the embedded pipeline."""

import time

from apps.services.embedded_pipeline import EmbeddedPipeline
from apps.services.stats import RateMeter

from .terminal import Snapshot


class LiveTable:
    """Makes snapshots of an embedded pipeline."""

    def __init__(self, pipeline: EmbeddedPipeline, *, title: str, page: str) -> None:
        """Take a title and the address of the live page, or why there is none; empty if it is not wanted."""
        self._pipeline = pipeline
        self._title = title
        self._page = page
        self._rate = RateMeter()

    def snapshot(self) -> Snapshot:
        """Return the candles and figures as they are now."""
        ingest, aggregator = self._pipeline.ingest, self._pipeline.aggregator
        received = ingest.counts
        p50, p95 = self._pipeline.latency_ms.at(0.5), self._pipeline.latency_ms.at(0.95)
        facts = {
            "trades": str(received.trades),
            "trades/s": f"{self._rate.rate(time.monotonic(), received.trades):.0f}",
            "latency p50/p95": "-" if p50 is None or p95 is None else f"{p50:.0f}/{p95:.0f} ms",
            "rejected": str(received.rejected.total() + aggregator.counts.rejected.total()),
            "late": str(aggregator.late_trades),
            "redelivered": str(received.redelivered),
        }
        event = ingest.last_event
        if event is not None:
            facts["feed"] = f"{event.kind} {event.detail}".strip()
        if self._page:
            facts["page"] = self._page
        return Snapshot(title=self._title, candles=self._pipeline.newest_candles, facts=facts)
