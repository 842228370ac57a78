"""Many trades at once: `store_bulk tapeline|rows|batches PORT FILE DAYS_BACK COUNT`.

- tapeline: one `write` of the Python adapter's trade store;
- rows: the driver's `execute_concurrent_with_args`, one request per row, as many concurrent requests as the adapter has, rows made beforehand;
- batches: the driver's `execute_concurrent` with unlogged batches of 50 rows of one partition, rows made and grouped beforehand.

A tenth is written first, on the day before, as a warm-up that is excluded. All rows are acknowledged when the clock stops, and counted afterwards.
"""

import sys
from collections import defaultdict
from typing import Any, Final

import attrs
from cassandra.concurrent import execute_concurrent, execute_concurrent_with_args
from cassandra.query import BatchStatement, BatchType

from adapters.cassandra.session import CassandraSession
from adapters.cassandra.trade_store import CassandraTradeStore
from apps.runtime.gc_tuning import tune_gc
from bench.harness.cassandra_rows import INSERT, Row, check_all_stored, driver_session, row_of, settings_of, trades_of
from bench.harness.runs import Run, Stopwatch
from domain.rules import DAY_MS
from domain.trade import Trade

BATCH_ROWS: Final = 50
WARM_UP_DIVISOR: Final = 10
"""The warm-up is a tenth."""


def by_adapter(port: str, warm_up: list[Trade], trades: list[Trade]) -> Run:
    """Write through the adapter."""
    session = CassandraSession(settings_of(port))
    with CassandraTradeStore(session.settings, session) as store:
        store.write(warm_up)
        watch = Stopwatch()
        store.write(trades)
        run = watch.stop(len(trades))
        check_all_stored(session.driver, trades)
    return run


def by_rows(port: str, warm_up: list[Trade], trades: list[Trade]) -> Run:
    """Write one row per request."""
    with driver_session(port) as session:
        insert = session.prepare(INSERT)
        concurrency = settings_of(port).max_in_flight
        first, rows = ([row_of(trade) for trade in some] for some in (warm_up, trades))
        execute_concurrent_with_args(session, insert, first, concurrency=concurrency)
        watch = Stopwatch()
        execute_concurrent_with_args(session, insert, rows, concurrency=concurrency)
        run = watch.stop(len(trades))
        check_all_stored(session, trades)
    return run


def by_batches(port: str, warm_up: list[Trade], trades: list[Trade]) -> Run:
    """Write batches of rows."""
    with driver_session(port) as session:
        insert = session.prepare(INSERT)
        concurrency = settings_of(port).max_in_flight
        first, groups = grouped(warm_up), grouped(trades)
        execute_concurrent(session, [(batch(insert, rows), None) for rows in first], concurrency=concurrency)
        watch = Stopwatch()
        # Binding the rows is part of the measured work, as in the other variants.
        statements = ((batch(insert, rows), None) for rows in groups)
        execute_concurrent(session, statements, concurrency=concurrency)
        run = watch.stop(len(trades))
        check_all_stored(session, trades)
    return run


def grouped(trades: list[Trade]) -> list[list[Row]]:
    """Return the rows in groups of one partition and at most `BATCH_ROWS` rows."""
    partitions: dict[Row, list[Row]] = defaultdict(list)
    for trade in trades:
        row = row_of(trade)
        partitions[row[:4]].append(row)
    return [
        rows[start : start + BATCH_ROWS] for rows in partitions.values() for start in range(0, len(rows), BATCH_ROWS)
    ]


def batch(insert: Any, rows: list[Row]) -> BatchStatement:
    """Return an unlogged batch that inserts the rows."""
    statement = BatchStatement(batch_type=BatchType.UNLOGGED)
    for row in rows:
        statement.add(insert, row)
    return statement


def main(mode: str, port: str, file: str, days_back: str, count: str) -> None:
    """Measure one variant."""
    tune_gc()
    modes = {"tapeline": by_adapter, "rows": by_rows, "batches": by_batches}
    trades = trades_of(file, int(count), int(days_back))
    warm_up = trades[: len(trades) // WARM_UP_DIVISOR]
    earlier = [attrs.evolve(trade, timestamp_ms=trade.timestamp_ms - DAY_MS) for trade in warm_up]
    modes[mode](port, earlier, trades).report()


if __name__ == "__main__":
    main(*sys.argv[1:])
