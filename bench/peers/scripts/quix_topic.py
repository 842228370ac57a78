"""Records of a topic to candles with Quix Streams, in its own environment: `quix_topic SERVERS TOPIC RECORDS` (the first RECORDS).

Floats, because Quix Streams stores its state as JSON, which has no decimals. The state is in RocksDB with default settings, but without a changelog topic.
No validation. Open and close are in order of arrival.
"""

import sys
import tempfile
import uuid

from quixstreams import Application
from quixstreams.dataframe.windows import Count, First, Last, Max, Min, Sum

from bench.harness.runs import Run
from bench.harness.warmup import WarmUp

MINUTE_MS = 60_000
TIMEOUT_S = 60.0


def measure(servers: str, topic: str, records: int) -> Run:
    """Read `records` records."""
    warm_up = WarmUp(records)
    trades_by_window: dict[tuple[str, int], int] = {}

    def put(candle: dict[str, int], key: str, _timestamp: int, _headers: object) -> None:
        trades_by_window[key, candle["start"]] = candle["trades"]
        warm_up.add(1)

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
        app.run(count=records, timeout=TIMEOUT_S, collect=False)
        run = warm_up.stop()
    assert sum(trades_by_window.values()) == warm_up.count >= records
    return run


if __name__ == "__main__":
    servers, topic, records = sys.argv[1:]
    measure(servers, topic, int(records)).report()
