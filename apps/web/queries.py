"""The query parameters of the read API, and the page requests made from them."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from apps.output.time_args import parse_moment_ms, parse_window
from domain.rollup import DayHours, Period

from .paging import MAX_ROWS, BadRequestError, PageRequest

_TIME: Final = "a date or time, UTC unless it has an offset; milliseconds since the epoch; `now`; or a length of time ago (30m, 1h, 7d)"


class SpanQuery(BaseModel):
    """A symbol and a span. An unknown parameter is an error."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    symbol: str = Field(min_length=1, max_length=100, examples=["BINANCE:BTCUSDT"])
    start: str = Field("1h", alias="from", max_length=64, description=f"Start of the span: {_TIME}")
    end: str = Field("now", alias="to", max_length=64, description="Exclusive end of the span; written like `from`")

    def request(self, kind: str, now_ms: int, window_ms: int = 0) -> PageRequest:
        """Return the request for this span. Raise BadRequestError if it is not valid."""
        return PageRequest(
            kind=kind,
            symbol=self.symbol,
            start_ms=_time_ms("from", self.start, now_ms),
            end_ms=_time_ms("to", self.end, now_ms),
            window_ms=window_ms,
        )


class TradeQuery(SpanQuery):
    """The parameters of a page of trades."""

    limit: int = Field(500, ge=1, le=MAX_ROWS, description="Largest number of rows; the oldest come first")
    cursor: str | None = Field(
        None, max_length=1000, description="`next_cursor` of the previous page; it replaces `from`, `to` and `window`"
    )

    def page_request(self, kind: str, now_ms: int, window_ms: int = 0) -> PageRequest:
        """Return the request for this page: that of the cursor if there is one. Raise BadRequestError if it is not valid."""
        if self.cursor is None:
            return self.request(kind, now_ms, window_ms)
        request = PageRequest.from_cursor(self.cursor, kind=kind)
        if request.symbol != self.symbol:
            raise BadRequestError(f"cursor: a cursor of {request.symbol}, not of {self.symbol}")
        return request


class CandleQuery(TradeQuery):
    """The parameters of a page of candles."""

    window: str = Field(
        "1m",
        max_length=20,
        description="Length of the candles: 1m, 5m, 1h and so on, or 1d, 1w, 1mo by the market's calendar",
    )
    hours: DayHours = Field(DayHours.REGULAR, description="Which hours of an exchange's day count, for 1d, 1w and 1mo")

    as_of: str | None = Field(
        None,
        max_length=64,
        description="Return the candles as they were known at this moment, written like `from`; give it with a cursor, too",
    )

    def as_of_ms(self, now_ms: int) -> int | None:
        """Return the moment of `as_of` in milliseconds since the epoch, or None if it is not set. Raise BadRequestError if it is not valid."""
        return None if self.as_of is None else _time_ms("as_of", self.as_of, now_ms)

    def length(self) -> int | Period:
        """Return the length of the candles, in milliseconds or as a period. Raise BadRequestError if it is not valid."""
        try:
            return parse_window(self.window)
        except ValueError as error:
            raise BadRequestError(f"window: {error}") from error


def _time_ms(name: str, text: str, now_ms: int) -> int:
    text = text.strip()
    # Eight digits are the date 20191011; milliseconds since the epoch have at least nine digits from 1970-01-02 on.
    if text.isascii() and text.isdecimal() and 9 <= len(text) <= 15:
        return int(text)
    try:
        return parse_moment_ms(text, now_ms=now_ms)
    except (ValueError, OverflowError) as error:
        raise BadRequestError(f"{name}: {error}") from error
