"""Reads what may have changed in the stores since the last poll. `spans` runs in the event loop, the reads run in a worker thread."""

import itertools
from collections import deque
from collections.abc import Sequence

import attrs

from domain.candle import Candle
from domain.trade import Trade
from ports.clock import Clock

from .latest_candles import DEPTH, LatestCandles
from .page_source import PageSource

MAX_TRADES_OF_A_MILLISECOND = 1_000


@attrs.frozen
class Span:
    """A symbol, and the time in milliseconds since the epoch from which to read its candles."""

    symbol: str
    from_ms: int


class StoreReader:
    """Reads the stores of one page."""

    def __init__(self, source: PageSource, now_ms: Clock) -> None:
        self._source = source
        self._now_ms = now_ms
        self._symbols_read: set[str] = set()

    def spans(self, symbols: Sequence[str], latest: LatestCandles, *, full: bool) -> Sequence[Span]:
        """Return what to read: the candles that can still change, or with `full` all candles that the page keeps."""
        return [Span(symbol, self._from_ms(symbol, latest.newest(symbol), full=full)) for symbol in symbols]

    def candles(self, spans: Sequence[Span]) -> list[Candle]:
        """Return the newest candles of each span. Raise StoreError."""
        source, end_ms = self._source, self._source.horizon.end_ms(self._now_ms())
        found: list[Candle] = []
        for span in spans:
            found += deque(
                source.candles.read(span.symbol, span.from_ms, max(end_ms, span.from_ms), source.window_ms), DEPTH
            )
        self._symbols_read.update(span.symbol for span in spans)
        return found

    def closing_trade(self, candle: Candle) -> Trade | None:
        """Return the last trade of a candle; None if it is not stored. Raise StoreError."""
        at_ms = candle.close_key.timestamp_ms
        trades = self._source.trades.read(candle.symbol, at_ms, at_ms + 1)
        first = itertools.islice(trades, MAX_TRADES_OF_A_MILLISECOND)
        return next((trade for trade in first if trade.trade_id == candle.close_key.trade_id), None)

    def _from_ms(self, symbol: str, newest: Candle | None, *, full: bool) -> int:
        source, now_ms = self._source, self._now_ms()
        # A candle can change until the lateness after its window. One more window is for trades in transit.
        recent_ms = source.lateness_ms + 2 * source.window_ms
        if newest is not None:
            return newest.window_start_ms - (DEPTH * source.window_ms if full else recent_ms)
        if symbol in self._symbols_read:
            return source.horizon.resume_from_ms(now_ms, recent_ms)
        return source.horizon.first_ms(now_ms)
