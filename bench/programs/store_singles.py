"""One row at a time at a steady rate: `store_singles trades|candles|bare PORT FILE DAYS_BACK COUNT ROWS_PER_S`.

- trades, candles: `write` of the Python adapter's store, which returns when Cassandra has acknowledged the row;
- bare: the prepared statement of `trades`, by the driver's `execute`, with the row made beforehand.

The load is open: each row has a scheduled time, and its latency counts from that time. If a slow write delays the rows behind it, their wait counts as
latency, as it would for a real writer; otherwise the figures would hide every pause.
The first quarter is a warm-up and excluded. The measured part starts with a new schedule, so it inherits no delay.
"""

import gc
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.trade_store import CassandraTradeStore
from bench.harness.cassandra_rows import INSERT, check_all_stored, driver_session, row_of, settings_of, trades_of
from bench.harness.runs import Run, Stopwatch
from domain.candle import Candle
from domain.trade import Trade

WINDOW_MS: Final = 60_000


def at_rate(write: Callable[[Any], object], items: Sequence[Any], rows_per_s: float) -> Run:
    """Write each item at its scheduled time. The first quarter is a warm-up."""
    _paced(write, items[: len(items) // 4], rows_per_s)
    watch = Stopwatch()
    late_s = sorted(_paced(write, items[len(items) // 4 :], rows_per_s))
    figures = {f"p{q:g}_ms": late_s[int(len(late_s) * q / 100)] * 1000 for q in (50, 99, 99.9)}
    return watch.stop(len(late_s), **figures, max_ms=late_s[-1] * 1000)


def _paced(write: Callable[[Any], object], items: Sequence[Any], rows_per_s: float) -> list[float]:
    """Return the latency of each write in seconds, counted from its scheduled time."""
    late_s: list[float] = []
    started_s = time.perf_counter()
    for number, item in enumerate(items):
        due_s = started_s + number / rows_per_s
        while (wait_s := due_s - time.perf_counter()) > 0:
            time.sleep(wait_s)
        write(item)
        late_s.append(time.perf_counter() - due_s)
    return late_s


def by_trade_store(port: str, trades: list[Trade], rows_per_s: float) -> Run:
    """Write trades through the adapter."""
    session = CassandraSession(settings_of(port))
    with CassandraTradeStore(session.settings, session) as store:
        run = at_rate(lambda trade: store.write((trade,)), trades, rows_per_s)
        check_all_stored(session.driver, trades)
    return run


def by_candle_store(port: str, trades: list[Trade], rows_per_s: float) -> Run:
    """Write one candle per trade through the adapter. Most of them update an existing row, as in an open window."""
    candles = [Candle.of(trade, WINDOW_MS) for trade in trades]
    last = {candle.window_key: candle for candle in candles}
    with CassandraCandleStore(settings_of(port)) as store:
        run = at_rate(lambda candle: store.write((candle,)), candles, rows_per_s)
        for candle in last.values():
            start_ms = candle.window_start_ms
            assert list(store.read(candle.symbol, start_ms, start_ms + 1, WINDOW_MS)) == [candle]
    return run


def by_driver(port: str, trades: list[Trade], rows_per_s: float) -> Run:
    """Write rows with the driver, without the adapter."""
    with driver_session(port) as session:
        insert = session.prepare(INSERT)
        run = at_rate(lambda row: session.execute(insert, row), [row_of(trade) for trade in trades], rows_per_s)
        check_all_stored(session, trades)
    return run


def main(mode: str, port: str, file: str, days_back: str, count: str, rows_per_s: str) -> None:
    """Measure one variant."""
    modes = {"trades": by_trade_store, "candles": by_candle_store, "bare": by_driver}
    trades = trades_of(file, int(count), int(days_back))
    # Default thresholds, and no scan of the rows made above. The driver's futures are garbage: a threshold of 20,000 objects would cause pauses of 6 ms.
    gc.freeze()
    modes[mode](port, trades, float(rows_per_s)).report()


if __name__ == "__main__":
    main(*sys.argv[1:])
