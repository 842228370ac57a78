"""Reading a span in pages through the store ports.

1. A page is at most `limit` rows; reading stops there, since the ports give rows as they are asked for.
2. A cursor says where the page before ended, by key, and holds what was asked for. So pages neither repeat nor skip a row, whatever is stored
   meanwhile; what is stored behind the reader's place, such as a late trade, is not gone back for.
3. A cursor is text for programs, not a secret: whatever cannot be one is refused.
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

MOST_ROWS: Final = 5_000
MOST_DAYS: Final = 92
"""Longest span of one request: candles are kept for 90 days."""
DAY_MS: Final = 86_400_000
MAX_WINDOW_MS: Final = DAY_MS
"""Longest candle: candles are stored by day."""
EARLIEST_MS: Final = to_ms(datetime(2000, 1, 1, tzinfo=UTC))
LATEST_MS: Final = to_ms(datetime(2100, 1, 1, tzinfo=UTC))


class BadRequestError(TapelineError):
    """The request cannot be answered as it is; the text says why."""


@attrs.frozen(kw_only=True)
class Ask:
    """What is asked for, from where on. `after_id` is the last trade id already given of the millisecond `start_ms`."""

    kind: str
    symbol: str
    start_ms: int
    end_ms: int
    window_ms: int = 0
    after_id: str = ""

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.window_ms <= MAX_WINDOW_MS:
            raise BadRequestError("window: at most 1d")
        if not (EARLIEST_MS <= self.start_ms <= LATEST_MS and EARLIEST_MS <= self.end_ms <= LATEST_MS):
            raise BadRequestError("from, to: times lie in the years 2000 to 2099")
        if self.end_ms < self.start_ms:
            raise BadRequestError("from: must not be after to")
        if self.end_ms - self.start_ms > MOST_DAYS * DAY_MS:
            raise BadRequestError(f"from, to: at most {MOST_DAYS} days at once")

    def cursor(self) -> str:
        """Write it as a cursor."""
        values = [self.kind, self.symbol, self.start_ms, self.end_ms, self.window_ms, self.after_id]
        return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")

    @classmethod
    def of_cursor(cls, text: str, *, kind: str) -> Self:
        """Read a cursor. Raises BadRequestError on what is none of this kind."""
        try:
            values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValueError, binascii.Error, RecursionError):
            raise BadRequestError("cursor: not one of this server's") from None
        match values:
            case [str(of), str(symbol), int(start_ms), int(end_ms), int(window_ms), str(after_id)] if of == kind:
                return cls(
                    kind=of, symbol=symbol, start_ms=start_ms, end_ms=end_ms, window_ms=window_ms, after_id=after_id
                )
        raise BadRequestError(f"cursor: not one of {kind}")


def read_candles(store: CandleStore, ask: Ask, limit: int) -> tuple[Sequence[Candle], Ask | None]:
    """Give a page of candles, oldest first, and what to ask next; None at the end. Raises StoreError."""
    rows = list(itertools.islice(store.read(ask.symbol, ask.start_ms, ask.end_ms, ask.window_ms), limit + 1))
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], attrs.evolve(ask, start_ms=rows[limit - 1].window_start_ms + 1)


def read_trades(store: TradeStore, ask: Ask, limit: int) -> tuple[Sequence[Trade], Ask | None]:
    """Give a page of trades, oldest first, and what to ask next; None at the end. Raises StoreError."""
    given = (ask.start_ms, ask.after_id)
    unread = (
        trade
        for trade in store.read(ask.symbol, ask.start_ms, ask.end_ms)
        if not ask.after_id or (trade.timestamp_ms, trade.trade_id) > given
    )
    rows = list(itertools.islice(unread, limit + 1))
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], attrs.evolve(ask, start_ms=last.timestamp_ms, after_id=last.trade_id)
