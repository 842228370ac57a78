"""Records of a topic to candles with Pathway, two workers, in its own environment: `pathway_topic SERVERS TOPIC RECORDS`.

Floats, because Pathway has no decimal type. Four commits per second, no persistence, no validation. Open and close are in order of event time, ties by price.
"""

import os
import sys
import uuid

os.environ.setdefault("PATHWAY_THREADS", "2")

import pathway as pw

from bench.harness.warmup import WarmUp

MINUTE_MS = 60_000
COMMIT_MS = 250


class Trade(pw.Schema):  # type: ignore[misc]
    """The fields that a candle needs."""

    symbol: str
    price: float
    volume: float
    timestamp_ms: int


class Tally:
    """Counts the trades in the candles after each commit."""

    def __init__(self, records: int) -> None:
        # The second commit may contain nearly all records, so the clock starts after the first.
        self._records, self._warm_up = records, WarmUp(records, share=1)
        self._new = 0

    def changed(self, row: dict[str, int], is_addition: bool, **_at: object) -> None:
        """Add the trades of a candle, or subtract those of its previous version."""
        self._new += row["trades"] if is_addition else -row["trades"]

    def committed(self, _time: int) -> None:
        """Count the trades of a commit. Report and end the process after the last one."""
        new, self._new = self._new, 0
        if new:
            self._warm_up.add(new)
        if self._warm_up.count >= self._records:
            run = self._warm_up.stop()
            assert self._warm_up.count == self._records
            run.report()
            # A pipeline that reads a topic never ends on its own.
            os._exit(0)


def main(servers: str, topic: str, records: int) -> None:
    """Measure the pipeline."""
    tally = Tally(records)
    # Pathway commits offsets for its consumer group, so each run needs a new group.
    settings = {"bootstrap.servers": servers, "group.id": f"bench-{uuid.uuid4()}", "auto.offset.reset": "earliest"}
    trades = pw.io.kafka.read(settings, topic, schema=Trade, format="json", autocommit_duration_ms=COMMIT_MS)
    minutes = trades.select(
        pw.this.symbol,
        pw.this.price,
        pw.this.volume,
        minute=pw.this.timestamp_ms // MINUTE_MS,
        time_and_price=pw.make_tuple(pw.this.timestamp_ms, pw.this.price),
    )
    candles = minutes.groupby(pw.this.symbol, pw.this.minute).reduce(
        pw.this.symbol,
        pw.this.minute,
        open=pw.reducers.min(pw.this.time_and_price),
        high=pw.reducers.max(pw.this.price),
        low=pw.reducers.min(pw.this.price),
        close=pw.reducers.max(pw.this.time_and_price),
        volume=pw.reducers.sum(pw.this.volume),
        trades=pw.reducers.count(),
    )
    pw.io.subscribe(candles, on_change=tally.changed, on_time_end=tally.committed)
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)


if __name__ == "__main__":
    servers, topic, records = sys.argv[1:]
    main(servers, topic, int(records))
