"""Trades in the table `trades_v2`: one partition a symbol and UTC day of the event time.

Writing a trade again replaces it with the same row. Rows expire 30 days after they are written, by the table's default.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from domain.trade import Trade
from domain.window import partition_day

from .reading import clamp_ms, days, read_days
from .store import CassandraStore
from .times import ms_of
from .writing import Row, batches, write_batches


class CassandraTradeStore(CassandraStore):
    """A `ports.trade_store.TradeStore`. One thread writes, any thread reads."""

    TABLE = "trades_v2"
    INSERT = (
        "INSERT INTO {table} (symbol, trade_year, trade_month, trade_day, timestamp, trade_id,"
        " price, volume, conditions, received_at, venue, asset_class) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    SELECT = (
        "SELECT timestamp, trade_id, price, volume, conditions, received_at, venue, asset_class FROM {table}"
        " WHERE symbol = ? AND trade_year = ? AND trade_month = ? AND trade_day = ? AND timestamp >= ? AND timestamp < ?"
        " ORDER BY timestamp ASC, trade_id ASC"
    )

    def write(self, trades: Iterable[Trade]) -> None:
        """Store trades; all of them are stored when this returns. Raise StoreError, after which any of them may be stored."""
        self._check_started()
        groups = batches(
            map(_row, trades),
            partition_of=lambda row: row[:4],
            key_of=lambda row: row[4:6],
            batch_rows=self._session.settings.batch_rows,
        )
        write_batches(self._session, self._insert, groups, "writing trades")

    def read(self, symbol: str, start_ms: int, end_ms: int) -> Iterator[Trade]:
        """Yield the symbol's trades with start_ms <= timestamp_ms < end_ms, by event time and trade id, page by page. Raise StoreError."""
        self._check_started()
        first, last = clamp_ms(start_ms), clamp_ms(end_ms)

        def values_of(day: date) -> Row:
            return (symbol, day.year, day.month, day.day, first, last)

        rows = read_days(self._session, self._select, values_of, days(start_ms, end_ms), "reading trades")
        return (_trade(symbol, row) for row in rows)


def _row(trade: Trade) -> Row:
    day = partition_day(trade.timestamp_ms)
    return (
        trade.symbol,
        day.year,
        day.month,
        day.day,
        trade.timestamp_ms,
        trade.trade_id,
        trade.price,
        trade.volume,
        trade.conditions,
        trade.received_ms,
        trade.venue,
        trade.asset_class,
    )


def _trade(symbol: str, row: tuple[Any, ...]) -> Trade:
    timestamp, trade_id, price, volume, conditions, received_at, venue, asset_class = row
    return Trade(
        symbol=symbol,
        price=price,
        volume=volume,
        timestamp_ms=ms_of(timestamp),
        trade_id=trade_id,
        conditions=tuple(conditions),
        received_ms=ms_of(received_at),
        venue=venue,
        asset_class=asset_class,
    )
