"""Records of a topic to candles with Flink SQL, parallelism 2, in its own environment: `flink_topic JAVA_HOME CONNECTOR SERVERS TOPIC RECORDS`.

Exact decimals, event time with a watermark of one minute, a checkpoint per second with its state in memory, no validation. Open and close are in order
of arrival. A fifth of the records does not warm up its JVM. So the warm-up is one job over all records, and a second, equal job in the same JVM is
measured, from its submission until its candles have arrived. CPU time is that of this process and its JVM.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import psutil
from pyflink.table import EnvironmentSettings, TableEnvironment

from bench.harness.runs import Run, Stopwatch

SETTINGS = {
    "parallelism.default": "2",
    "execution.checkpointing.interval": "1 s",
    "execution.checkpointing.mode": "EXACTLY_ONCE",
    "table.local-time-zone": "UTC",
    "taskmanager.numberOfTaskSlots": "2",
}
TABLE = """
CREATE TEMPORARY TABLE trades (
    symbol STRING,
    price DECIMAL(18, 8),
    volume DECIMAL(19, 8),
    timestamp_ms BIGINT,
    event_time AS TO_TIMESTAMP_LTZ(timestamp_ms, 3),
    WATERMARK FOR event_time AS event_time - INTERVAL '1' MINUTE
) WITH (
    'connector' = 'kafka',
    'topic' = '{topic}',
    'properties.bootstrap.servers' = '{servers}',
    'properties.group.id' = 'bench-flink',
    'scan.startup.mode' = 'earliest-offset',
    'scan.bounded.mode' = 'latest-offset',
    'format' = 'json'
)
"""
CANDLES = """
SELECT symbol, window_start, FIRST_VALUE(price), MAX(price), MIN(price), LAST_VALUE(price), SUM(volume), COUNT(*)
FROM TUMBLE(TABLE trades, DESCRIPTOR(event_time), INTERVAL '1' MINUTE)
GROUP BY symbol, window_start, window_end
"""


def cpu_s() -> float:
    """Return the CPU seconds of this process and of the JVM that it has started."""
    own = time.process_time()
    return own + sum(sum(child.cpu_times()[:2]) for child in psutil.Process().children(recursive=True))


def measure(jar: str, servers: str, topic: str, records: int) -> Run:
    """Run both jobs."""
    with tempfile.TemporaryDirectory() as folder:
        tables = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
        settings = {
            **SETTINGS,
            "pipeline.jars": Path(jar).as_uri(),
            "execution.checkpointing.dir": Path(folder).as_uri(),
        }
        for key, value in settings.items():
            tables.get_config().set(key, value)

        tables.execute_sql(TABLE.format(topic=topic, servers=servers))

        def trades_in_candles() -> int:
            with tables.execute_sql(CANDLES).collect() as candles:
                return sum(candle[7] for candle in candles)

        assert trades_in_candles() == records
        watch = Stopwatch(cpu_s)
        run = watch.stop(trades_in_candles())
    assert run.items == records
    return run


if __name__ == "__main__":
    os.environ["JAVA_HOME"], jar, servers, topic, records = sys.argv[1:]
    measure(jar, servers, topic, int(records)).report()
