"""Records of a topic to candles with Quix Streams, in its own environment: `quix_topic SERVERS TOPIC RECORDS` (the first so many).

Floats: it keeps its state as JSON, which knows no decimals. The state is in RocksDB, as it comes, but without a copy of it on a topic; nothing is
validated. Open and close are by arrival.
"""

import sys
import tempfile
import uuid

from quixstreams import Application
from quixstreams.dataframe.windows import Count, First, Last, Max, Min, Sum

from bench.harness.runs import Run
from bench.harness.warmup import Warm

MINUTE_MS = 60_000
PATIENCE_S = 60.0


def measure(servers: str, topic: str, records: int) -> Run:
    """Read so many records."""
    warm = Warm(records)
    made: dict[tuple[str, int], int] = {}

    def put(candle: dict[str, int], key: str, _timestamp: int, _headers: object) -> None:
        made[key, candle["start"]] = candle["trades"]
        warm.take(1)

    with tempfile.TemporaryDirectory() as folder:
        app = Application(
            broker_address=servers,
            consumer_group=f"bench-{uuid.uuid4()}",
            auto_offset_reset="earliest",
            state_dir=folder,
            use_changelog_topics=False,
            auto_create_topics=False,
            loglevel="WARNING",
        )
        source = app.topic(
            topic,
            key_deserializer="str",
            value_deserializer="json",
            timestamp_extractor=lambda value, _headers, _timestamp, _type: value["timestamp_ms"],
        )
        window = app.dataframe(source).tumbling_window(MINUTE_MS, grace_ms=MINUTE_MS)
        candles = window.agg(
            open=First("price"),
            high=Max("price"),
            low=Min("price"),
            close=Last("price"),
            volume=Sum("volume"),
            trades=Count(),
        )
        candles.current().update(put, metadata=True)
        app.run(count=records, timeout=PATIENCE_S, collect=False)
        run = warm.stop()
    assert sum(made.values()) == warm.taken >= records
    return run


if __name__ == "__main__":
    servers, topic, records = sys.argv[1:]
    measure(servers, topic, int(records)).report()
