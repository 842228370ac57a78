"""Candles in the table `trade_aggregates`: one partition a symbol and UTC day of the window's start.

Writing a candle again replaces it, whichever is written last. Rows expire 90 days after their write, by the table's default. The two vwaps are
stored for other readers of the table; a candle computes its own. A window without a trade of size has no raw vwap: nothing is written then,
since a null would leave a tombstone. An eligible price that does not exist is written as null: the one of an earlier writing must not stay.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from cassandra.query import UNSET_VALUE

from domain.candle import Candle
from domain.decimals import ZERO
from domain.eligible_view import EligibleView
from domain.trade import TradeKey
from domain.window import partition_day

from .reading import clamp_ms, days, read_days
from .store import CassandraStore
from .times import ms_of
from .writing import Row, batches, write_batches


class CassandraCandleStore(CassandraStore):
    """A `ports.candle_store.CandleStore`. One thread writes, any thread reads."""

    TABLE = "trade_aggregates"
    INSERT = (
        "INSERT INTO {table} (symbol, trade_year, trade_month, trade_day, window_ms, window_start, open, high, low, close, volume,"
        " trade_count, update_count, notional, vwap, open_timestamp, open_trade_id, close_timestamp, close_trade_id,"
        " eligible_open, eligible_high, eligible_low, eligible_close, eligible_volume, eligible_count, eligible_vwap_volume, eligible_notional,"
        " eligible_vwap, eligible_open_timestamp, eligible_open_trade_id, eligible_close_timestamp, eligible_close_trade_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    SELECT = (
        "SELECT window_start, open, high, low, close, volume, trade_count, update_count, notional,"
        " open_timestamp, open_trade_id, close_timestamp, close_trade_id,"
        " eligible_open, eligible_high, eligible_low, eligible_close, eligible_volume, eligible_count, eligible_vwap_volume, eligible_notional,"
        " eligible_open_timestamp, eligible_open_trade_id, eligible_close_timestamp, eligible_close_trade_id FROM {table}"
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
        return (_candle(symbol, window_ms, row) for row in rows)


def _row(candle: Candle) -> Row:
    day = partition_day(candle.window_start_ms)
    vwap = candle.vwap
    return (
        candle.symbol,
        day.year,
        day.month,
        day.day,
        candle.window_ms,
        candle.window_start_ms,
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.volume,
        candle.trade_count,
        candle.update_count,
        candle.notional,
        UNSET_VALUE if vwap is None else vwap,
        candle.open_key.timestamp_ms,
        candle.open_key.trade_id,
        candle.close_key.timestamp_ms,
        candle.close_key.trade_id,
        *_eligible_values(candle.eligible),
    )


def _eligible_values(view: EligibleView) -> Row:
    first, last = view.open_key, view.close_key
    return (
        view.open,
        view.high,
        view.low,
        view.close,
        view.volume,
        view.trade_count,
        view.vwap_volume,
        view.notional,
        view.vwap,
        None if first is None else first.timestamp_ms,
        None if first is None else first.trade_id,
        None if last is None else last.timestamp_ms,
        None if last is None else last.trade_id,
    )


def _candle(symbol: str, window_ms: int, row: tuple[Any, ...]) -> Candle:
    (
        start,
        open_,
        high,
        low,
        close,
        volume,
        trades,
        updates,
        notional,
        open_at,
        open_id,
        close_at,
        close_id,
        *eligible,
    ) = row
    return Candle(
        symbol=symbol,
        window_start_ms=ms_of(start),
        window_ms=window_ms,
        open_key=TradeKey(ms_of(open_at), open_id, open_),
        close_key=TradeKey(ms_of(close_at), close_id, close),
        high=high,
        low=low,
        volume=volume,
        trade_count=trades,
        update_count=updates,
        notional=notional,
        eligible=_view(*eligible),
    )


def _view(
    open_: Decimal | None,
    high: Decimal | None,
    low: Decimal | None,
    close: Decimal | None,
    volume: Decimal | None,
    trades: int | None,
    vwap_volume: Decimal | None,
    notional: Decimal | None,
    open_at: datetime | None,
    open_id: str | None,
    close_at: datetime | None,
    close_id: str | None,
) -> EligibleView:
    # A row from before there was an eligible view has none of its columns.
    return EligibleView(
        open_key=_key(open_at, open_id, open_),
        close_key=_key(close_at, close_id, close),
        high=high,
        low=low,
        volume=ZERO if volume is None else volume,
        trade_count=trades or 0,
        vwap_volume=ZERO if vwap_volume is None else vwap_volume,
        notional=ZERO if notional is None else notional,
    )


def _key(moment: datetime | None, trade_id: str | None, price: Decimal | None) -> TradeKey | None:
    return None if moment is None or trade_id is None or price is None else TradeKey(ms_of(moment), trade_id, price)
