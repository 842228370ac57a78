"""The columns of a candle, in each table that stores candles.

The two vwaps are stored for other readers of the tables; a candle computes its own. A window without a trade of size has no raw vwap: nothing is written
then, since a null would leave a tombstone. An eligible price that does not exist is written as null: the one of an earlier writing must not stay.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from cassandra.query import UNSET_VALUE

from domain.candle import Candle
from domain.decimals import ZERO
from domain.eligible_view import EligibleView
from domain.trade import TradeKey

from .times import ms_of
from .writing import Row

WRITTEN_COLUMNS: Final = (
    "open, high, low, close, volume, trade_count, update_count, notional, vwap, open_timestamp, open_trade_id, close_timestamp, close_trade_id,"
    " eligible_open, eligible_high, eligible_low, eligible_close, eligible_volume, eligible_count, eligible_vwap_volume, eligible_notional,"
    " eligible_vwap, eligible_open_timestamp, eligible_open_trade_id, eligible_close_timestamp, eligible_close_trade_id"
)
"""The columns of `candle_values`, in that order."""
READ_COLUMNS: Final = WRITTEN_COLUMNS.replace(" vwap,", "").replace(" eligible_vwap,", "")
"""The columns that `make_candle` reads: without the vwaps."""


def placeholders(more: int) -> str:
    """Return the placeholders of an insert of a candle with `more` columns beside those of `candle_values`."""
    return ", ".join("?" * (WRITTEN_COLUMNS.count(",") + 1 + more))


def candle_values(candle: Candle) -> Row:
    """Return the values of a candle, without its key."""
    vwap = candle.vwap
    return (
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


def make_candle(symbol: str, start: datetime, window_ms: int, values: Sequence[Any]) -> Candle:
    """Return the candle of a window from its `READ_COLUMNS`."""
    (
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
    ) = values
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
