"""Candles in the table `trade_aggregates`: one partition a symbol and UTC day of the window's start.

Writing a candle again replaces it, whichever is written last. Rows expire 90 days after their write, by the table's default. The columns of the
two views are in `candle_columns`.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from domain.candle import Candle
from domain.window import partition_day

from .candle_columns import READ_COLUMNS, WRITTEN_COLUMNS, candle_values, make_candle, placeholders
from .reading import clamp_ms, days, read_days
from .store import CassandraStore
from .writing import Row, batches, write_batches


class CassandraCandleStore(CassandraStore):
    """A `ports.candle_store.CandleStore`. One thread writes, any thread reads."""

    TABLE = "trade_aggregates"
    INSERT = (
        "INSERT INTO {table} (symbol, trade_year, trade_month, trade_day, window_ms, window_start,"  # noqa: S608 - names of our own
        f" {WRITTEN_COLUMNS}) VALUES ({placeholders(6)})"
    )
    SELECT = (
        f"SELECT window_start, {READ_COLUMNS} FROM {{table}}"  # noqa: S608 - names of our own
        " WHERE symbol = ? AND trade_year = ? AND trade_month = ? AND trade_day = ?"
        " AND window_ms = ? AND window_start >= ? AND window_start < ? ORDER BY window_ms DESC, window_start ASC"
    )

    def write(self, candles: Iterable[Candle]) -> None:
        """Store candles; all of them are stored when this returns. Raise StoreError, after which any of them may be stored."""
        self._check_started()
        groups = batches(
            map(_row, candles),
            partition_of=lambda row: row[:4],
            key_of=lambda row: row[4:6],
            batch_rows=self._session.settings.batch_rows,
        )
        write_batches(self._session, self._insert, groups, "writing candles")

    def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[Candle]:
        """Yield the symbol's candles of this length with start_ms <= window start < end_ms, oldest first. Raise StoreError."""
        self._check_started()
        first, last = clamp_ms(start_ms), clamp_ms(end_ms)

        def values_of(day: date) -> Row:
            return (symbol, day.year, day.month, day.day, window_ms, first, last)

        rows = read_days(self._session, self._select, values_of, days(start_ms, end_ms), "reading candles")
        return (make_candle(symbol, start, window_ms, values) for start, *values in rows)


def _row(candle: Candle) -> Row:
    day = partition_day(candle.window_start_ms)
    key = (candle.symbol, day.year, day.month, day.day, candle.window_ms, candle.window_start_ms)
    return key + candle_values(candle)
