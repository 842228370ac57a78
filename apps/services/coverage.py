"""The recorded coverage of a symbol in a span of time, and the status of its candles that follows from it."""

from collections.abc import Iterable
from typing import Self

import attrs

from domain.candle import Candle
from domain.gaps import LOOK_AHEAD_MS, CandleStatus, Spans, covered_spans, status
from ports.event_store import EventStore


@attrs.frozen(kw_only=True)
class Coverage:
    """The spans in which a symbol was received, as far as is known now."""

    seen: Spans
    is_known: bool
    """Whether any event is on record; a replay has none."""
    now_ms: int

    @classmethod
    def read(cls, store: EventStore, symbol: str, start_ms: int, end_ms: int, *, now_ms: int) -> Self:
        """Return the coverage of [start_ms, end_ms), in milliseconds since the epoch. Raise StoreError."""
        events = list(store.read(symbol, start_ms, end_ms + LOOK_AHEAD_MS))
        return cls(seen=covered_spans(events, symbol, now_ms=now_ms), is_known=bool(events), now_ms=now_ms)

    def status_of(self, candle: Candle) -> CandleStatus | None:
        """Return the status of a candle's window; None if nothing is on record."""
        trades = candle.trade_count + candle.update_count
        return self.status(candle.window_start_ms, candle.window_ms, trades=trades)

    def status_of_windows(self, windows: Iterable[tuple[int, int]], *, trades: int) -> CandleStatus | None:
        """Return the status of several windows together, each with its start and its end; those that have not begun do not count."""
        begun = [(start_ms, end_ms) for start_ms, end_ms in windows if start_ms < self.now_ms]
        if trades and not self.is_known:
            return None
        found = {self.status(start_ms, end_ms - start_ms, trades=0) for start_ms, end_ms in begun}
        if found <= {CandleStatus.NO_TRADES}:
            return CandleStatus.COMPLETE if trades else CandleStatus.NO_TRADES
        return (
            CandleStatus.NOT_CONNECTED if found == {CandleStatus.NOT_CONNECTED} and not trades else CandleStatus.PARTIAL
        )

    def status(self, start_ms: int, window_ms: int, *, trades: int) -> CandleStatus | None:
        """Return the status of a window with this number of trades and price updates, up to now if it is not over.

        None if there are trades and nothing is on record.
        """
        if trades and not self.is_known:
            return None
        return status(self.seen, start_ms, min(start_ms + window_ms, max(self.now_ms, start_ms)), trades=trades)
