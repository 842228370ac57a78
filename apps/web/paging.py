"""Reading a time span in pages through the store ports.

1. A page has at most `limit` rows. Reading stops there, because a store yields rows on demand.
2. A cursor holds the request and the key of the last row. So pages neither repeat nor skip a row while new rows are stored. A row stored behind the
   cursor, such as a late trade, is not read.
3. A cursor is not a secret. The values in it are checked like those of any request.
"""

import base64
import binascii
import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Self

import attrs

from domain.candle import Candle
from domain.errors import TapelineError
from domain.trade import Trade
from domain.window import to_ms
from ports.candle_store import CandleStore
from ports.trade_store import TradeStore

DAY_MS: Final = 86_400_000
MAX_ROWS: Final = 5_000
MAX_DAYS: Final = 92
"""Longest span of one request: candles are kept for 90 days."""
MAX_WINDOW_MS: Final = DAY_MS
"""Longest candle: candles are stored by day."""
EARLIEST_MS: Final = to_ms(datetime(2000, 1, 1, tzinfo=UTC))
LATEST_MS: Final = to_ms(datetime(2100, 1, 1, tzinfo=UTC))


class BadRequestError(TapelineError):
    """The request is not valid; the text says why."""


@attrs.frozen(kw_only=True)
class PageRequest:
    """A symbol and a span of candles or trades. Raise BadRequestError for a span or a window that no store can hold."""

    kind: str
    symbol: str
    start_ms: int
    end_ms: int
    window_ms: int = 0
    after_id: str = ""
    """Last trade id already returned for the millisecond `start_ms`."""

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.window_ms <= MAX_WINDOW_MS:
            raise BadRequestError("window: at most 1d")
        if not (EARLIEST_MS <= self.start_ms <= LATEST_MS and EARLIEST_MS <= self.end_ms <= LATEST_MS):
            raise BadRequestError("from, to: times lie in the years 2000 to 2099")
        if self.end_ms < self.start_ms:
            raise BadRequestError("from: must not be after to")
        if self.end_ms - self.start_ms > MAX_DAYS * DAY_MS:
            raise BadRequestError(f"from, to: at most {MAX_DAYS} days at once")

    def cursor(self) -> str:
        """Return the request as a cursor."""
        values = [self.kind, self.symbol, self.start_ms, self.end_ms, self.window_ms, self.after_id]
        return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")

    @classmethod
    def from_cursor(cls, text: str, *, kind: str) -> Self:
        """Return the request in a cursor. Raise BadRequestError unless it is a cursor of this kind."""
        try:
            values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValueError, binascii.Error, RecursionError):
            raise BadRequestError("cursor: not a cursor of this server") from None
        match values:
            case [str(of), str(symbol), int(start_ms), int(end_ms), int(window_ms), str(after_id)] if of == kind:
                return cls(
                    kind=of, symbol=symbol, start_ms=start_ms, end_ms=end_ms, window_ms=window_ms, after_id=after_id
                )
        raise BadRequestError(f"cursor: not a cursor of {kind}")


def read_candles(store: CandleStore, request: PageRequest, limit: int) -> tuple[Sequence[Candle], PageRequest | None]:
    """Return a page of candles, oldest first, and the next request, None on the last page. Raise StoreError."""
    candles = store.read(request.symbol, request.start_ms, request.end_ms, request.window_ms)
    rows = list(itertools.islice(candles, limit + 1))
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], attrs.evolve(request, start_ms=rows[limit - 1].window_start_ms + 1)


def read_trades(store: TradeStore, request: PageRequest, limit: int) -> tuple[Sequence[Trade], PageRequest | None]:
    """Return a page of trades, oldest first, and the next request, None on the last page. Raise StoreError."""
    last_key = (request.start_ms, request.after_id)
    unread = (
        trade
        for trade in store.read(request.symbol, request.start_ms, request.end_ms)
        if not request.after_id or (trade.timestamp_ms, trade.trade_id) > last_key
    )
    rows = list(itertools.islice(unread, limit + 1))
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], attrs.evolve(request, start_ms=last.timestamp_ms, after_id=last.trade_id)
