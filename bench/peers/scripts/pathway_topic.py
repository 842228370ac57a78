"""Records of a topic to candles with Pathway, two workers, in its own environment: `pathway_topic SERVERS TOPIC RECORDS`.

Floats: it has no type for decimals. Four commits a second, no persistence; nothing is validated. Open and close are by event time, ties by price.
"""

import os
import sys
import uuid

os.environ.setdefault("PATHWAY_THREADS", "2")

import pathway as pw

from bench.harness.warmup import Warm

MINUTE_MS = 60_000
COMMIT_MS = 250


class Trade(pw.Schema):  # type: ignore[misc]
    """What a candle is made of."""

    symbol: str
    price: float
    volume: float
    timestamp_ms: int


class Tally:
    """Counts the trades that are in the candles, commit by commit."""

    def __init__(self, records: int) -> None:
        # Its second commit may bring nearly all, so the clock begins after the first.
        self._records, self._warm = records, Warm(records, share=1)
        self._new = 0

    def changed(self, row: dict[str, int], is_addition: bool, **_at: object) -> None:
        """Take a candle, or take back what it was before."""
        self._new += row["trades"] if is_addition else -row["trades"]

    def committed(self, _time: int) -> None:
        """Take note of what a commit has brought; ends the process after the last."""
        new, self._new = self._new, 0
        if new:
            self._warm.take(new)
        if self._warm.taken >= self._records:
            run = self._warm.stop()
            assert self._warm.taken == self._records
            run.report()
            # What reads a topic never ends by itself.
            os._exit(0)


def main(servers: str, topic: str, records: int) -> None:
    """Measure."""
    tally = Tally(records)
    # It commits offsets for its group: another time the same group would begin where this one has ended.
    settings = {"bootstrap.servers": servers, "group.id": f"bench-{uuid.uuid4()}", "auto.offset.reset": "earliest"}
    trades = pw.io.kafka.read(settings, topic, schema=Trade, format="json", autocommit_duration_ms=COMMIT_MS)
    minutes = trades.select(
        pw.this.symbol,
        pw.this.price,
        pw.this.volume,
        minute=pw.this.timestamp_ms // MINUTE_MS,
        moment=pw.make_tuple(pw.this.timestamp_ms, pw.this.price),
    )
    candles = minutes.groupby(pw.this.symbol, pw.this.minute).reduce(
        pw.this.symbol,
        pw.this.minute,
        open=pw.reducers.min(pw.this.moment),
        high=pw.reducers.max(pw.this.price),
        low=pw.reducers.min(pw.this.price),
        close=pw.reducers.max(pw.this.moment),
        volume=pw.reducers.sum(pw.this.volume),
        trades=pw.reducers.count(),
    )
    pw.io.subscribe(candles, on_change=tally.changed, on_time_end=tally.committed)
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)


if __name__ == "__main__":
    servers, topic, records = sys.argv[1:]
    main(servers, topic, int(records))
