"""Candles of days in the table `daily_candles`: one partition for each symbol, one row for each day and its hours. Rows do not expire.

The columns of the two views are in `candle_columns`. What does not exist is written as null: a value of an earlier writing must not stay.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from domain.daily_candle import DailyCandle
from domain.official_prices import OfficialPrice, PriceSource
from domain.rollup import DayHours
from domain.trade import TradeKey

from .candle_columns import READ_COLUMNS, WRITTEN_COLUMNS, candle_values, make_candle, placeholders
from .reading import read_days
from .store import CassandraStore
from .times import ms_of
from .writing import Row, batches, write_batches

_OFFICIAL = (
    "official_open, official_open_timestamp, official_open_trade_id, official_open_source,"
    " official_close, official_close_timestamp, official_close_trade_id, official_close_source, expected_ms, covered_ms"
)
_OFFICIAL_COUNT = 10


class CassandraDailyCandleStore(CassandraStore):
    """A `ports.daily_candle_store.DailyCandleStore`. One thread writes, any thread reads."""

    TABLE = "daily_candles"
    INSERT = (
        "INSERT INTO {table} (symbol, day, hours, window_start, window_ms,"  # noqa: S608 - names of our own
        f" {_OFFICIAL}, {WRITTEN_COLUMNS}) VALUES ({placeholders(5 + _OFFICIAL_COUNT)})"
    )
    SELECT = (
        f"SELECT day, hours, window_start, window_ms, {_OFFICIAL}, {READ_COLUMNS} FROM {{table}}"  # noqa: S608 - names of our own
        " WHERE symbol = ? AND day >= ? AND day <= ?"
    )

    def write(self, candles: Iterable[DailyCandle]) -> None:
        """Store candles; all of them are stored when this returns. Raise StoreError, after which any of them may be stored."""
        self._check_started()
        groups = batches(
            map(_row, candles),
            partition_of=lambda row: row[0],
            key_of=lambda row: row[1:3],
            batch_rows=self._session.settings.batch_rows,
        )
        write_batches(self._session, self._insert, groups, "writing candles of days")

    def read(self, symbol: str, first: date, last: date) -> Iterator[DailyCandle]:
        """Yield the symbol's candles of the days from `first` to `last`, both included, by day, then hours. Raise StoreError."""
        self._check_started()
        rows = read_days(
            self._session, self._select, lambda day: (symbol, day, last), iter([first]), "reading candles of days"
        )
        return (_candle(symbol, row) for row in rows)


def _row(daily: DailyCandle) -> Row:
    candle = daily.candle
    key = (candle.symbol, daily.day, str(daily.hours), candle.window_start_ms, candle.window_ms)
    official = (*_values(daily.official_open), *_values(daily.official_close), daily.expected_ms, daily.covered_ms)
    return key + official + candle_values(candle)


def _values(price: OfficialPrice | None) -> Row:
    if price is None:
        return None, None, None, None
    return price.key.price, price.key.timestamp_ms, price.key.trade_id, str(price.source)


def _candle(symbol: str, row: tuple[Any, ...]) -> DailyCandle:
    day, hours, start, window_ms = row[:4]
    official, values = row[4 : 4 + _OFFICIAL_COUNT], row[4 + _OFFICIAL_COUNT :]
    expected_ms, covered_ms = official[8:]
    return DailyCandle(
        day=day.date(),
        hours=DayHours(hours),
        candle=make_candle(symbol, start, window_ms, values),
        official_open=_price(*official[:4]),
        official_close=_price(*official[4:8]),
        expected_ms=expected_ms,
        covered_ms=covered_ms,
    )


def _price(
    price: Decimal | None, moment: datetime | None, trade_id: str | None, source: str | None
) -> OfficialPrice | None:
    if price is None or moment is None or trade_id is None or source is None:
        return None
    return OfficialPrice(key=TradeKey(ms_of(moment), trade_id, price), source=PriceSource(source))
