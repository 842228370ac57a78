"""The first and the last phase of every measurement of the pipeline: the warm-up of the aggregator, and the check that nothing was lost."""

import time
from collections.abc import Callable
from typing import Final

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.trade_store import CassandraTradeStore
from adapters.system_clock import system_clock
from bench.harness.pipeline import MARKERS, Pipeline
from bench.harness.workload import symbols
from domain.window import MINUTE_MS, window_start_ms

WARM_UP_S: Final = 90.0
"""After 75 s the JVM still spent a third of its CPU time on compilation."""
WARM_UP_RATE: Final = 10_000
_IDLE_RATE: Final = 100
_CALM_RATE: Final = 2_000
_TIMEOUT_S: Final = 180.0


def start_warm(pipeline: Pipeline, trigger_s: float, progress: Callable[[str], None]) -> None:
    """Start the aggregator with a trigger and warm up its JVM."""
    progress(f"starting Spark with a trigger of {trigger_s:g} s, and warming it up")
    pipeline.set_rate(_IDLE_RATE)
    pipeline.start_aggregator(trigger_s)
    assert pipeline.await_stored(_TIMEOUT_S), "Spark did not catch up with a nearly idle topic"
    pipeline.set_rate(WARM_UP_RATE)
    time.sleep(WARM_UP_S)
    pipeline.set_rate(_CALM_RATE)
    assert pipeline.await_stored(_TIMEOUT_S), "Spark did not catch up after its warm-up"


def check_all_stored(pipeline: Pipeline, started_ms: int, progress: Callable[[str], None]) -> int:
    """Stop the market, wait for the aggregator, and return the number of trades that were sent.

    Raise AssertionError unless that number equals the trades on the topic and the trades in the candles, and each marker has as many rows
    as trades in its candles.
    """
    pipeline.set_rate(0)
    # The market sends and counts its last frames within a few milliseconds, so read its count only after that.
    time.sleep(1)
    sent = pipeline.set_rate(0)
    assert pipeline.await_stored(_TIMEOUT_S), "Spark did not catch up"
    on_topic = sum(pipeline.on_topic().values())
    session = CassandraSession(pipeline.servers.cassandra)
    start_ms, end_ms = window_start_ms(started_ms, MINUTE_MS), system_clock() + MINUTE_MS
    with CassandraTradeStore(session.settings, session) as trades, CassandraCandleStore(session.settings, session) as candles:  # fmt: skip
        counts = {
            name: sum(each.trade_count + each.update_count for each in candles.read(name, start_ms, end_ms, MINUTE_MS))
            for name in symbols()
        }
        rows = {name: sum(1 for _ in trades.read(name, start_ms, end_ms)) for name in MARKERS}
    in_candles = sum(counts.values())
    assert sent == on_topic == in_candles, f"{sent} sent, {on_topic} on the topic, {in_candles} in candles"
    assert rows == {name: counts[name] for name in MARKERS}, f"rows {rows}, trades in candles {counts}"
    progress(
        f"{sent:,} trades sent, on the topic and in candles; all {sum(rows.values()):,} rows of the markers stored"
    )
    return sent
