"""The live table of `tapeline stack`: the candles of some symbols, read from Cassandra again and again."""

import time
from collections.abc import Sequence

from apps.output.terminal import Snapshot
from apps.services.recording_summary import Recording
from apps.services.stats import RateMeter
from domain.candle import Candle
from domain.window import window_start_ms
from ports.candle_store import CandleStore
from ports.clock import Clock
from ports.trade_store import TradeStore


class StoredTable:
    """Follows the candles of some symbols in the stores, which the caller has started: from now on, or over the span of a recording."""

    def __init__(
        self,
        candles: CandleStore,
        trades: TradeStore,
        *,
        symbols: Sequence[str],
        window_ms: int,
        lateness_ms: int,
        recording: Recording | None,
        now_ms: Clock,
    ) -> None:
        self._candles = candles
        self._trades = trades
        self._symbols = symbols
        self._window_ms = window_ms
        self._lateness_ms = lateness_ms
        self._recording = recording
        self._now_ms = now_ms
        first_ms = now_ms() - lateness_ms if recording is None else recording.first_ms
        self._from_ms = window_start_ms(first_ms, window_ms)
        self._folded: dict[tuple[str, int, int], int] = {}
        """Trades and price updates in each candle."""
        self._newest: dict[str, Candle] = {}
        self._rate = RateMeter()

    @property
    def until_ms(self) -> int:
        """The end of the span that it follows."""
        return (self._now_ms() if self._recording is None else self._recording.last_ms) + self._window_ms

    def refresh(self, *, whole: bool = False) -> None:
        """Read what may have changed since the last time, or the whole span. Raise StoreError.

        A candle does not change after the allowed lateness. But the candles of one micro-batch are written in no order, so a candle that was missing
        at the last read may be older. Where every candle counts, read the whole span.
        """
        for symbol in self._symbols:
            newest = None if whole else self._newest.get(symbol)
            from_ms = self._from_ms
            if newest is not None:
                from_ms = max(from_ms, newest.window_start_ms - self._lateness_ms - self._window_ms)
            for candle in self._candles.read(symbol, from_ms, self.until_ms, self._window_ms):
                self._folded[candle.window_key] = candle.trade_count + candle.update_count
                self._newest[symbol] = candle

    def snapshot(self) -> Snapshot:
        """Return what to show, as of the last refresh."""
        folded = sum(self._folded.values())
        facts = {
            "trades in candles": str(folded),
            "trades/s": f"{self._rate.rate(time.monotonic(), folded):.0f}",
            "candles": str(len(self._folded)),
        }
        if self._recording is not None:
            facts["of"] = f"{self._recording.trades} recorded trades"
        elif self._newest:
            newest_ms = max(candle.close_key.timestamp_ms for candle in self._newest.values())
            facts["newest stored trade"] = f"{(self._now_ms() - newest_ms) / 1000:.1f} s old"
        candles = [self._newest[symbol] for symbol in sorted(self._newest)]
        return Snapshot(title="tapeline stack: Kafka, Spark, Cassandra", candles=candles, facts=facts)

    def all_candles(self) -> list[Candle]:
        """Read every candle of the span, in order of window, then symbol. Raise StoreError."""
        candles = [
            candle
            for symbol in self._symbols
            for candle in self._candles.read(symbol, self._from_ms, self.until_ms, self._window_ms)
        ]
        return sorted(candles, key=lambda candle: (candle.window_start_ms, candle.symbol))

    def summary(self) -> str:
        """Return one line that says what is stored. Raise StoreError."""
        rows = sum(1 for symbol in self._symbols for _ in self._trades.read(symbol, self._from_ms, self.until_ms))
        candles = self.all_candles()
        folded = sum(candle.trade_count + candle.update_count for candle in candles)
        return f"in Cassandra: {rows} rows in trades_v2, {len(candles)} candles of {folded} trades in trade_aggregates"
