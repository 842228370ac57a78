"""The live table of `tapeline stack`: candles read from Cassandra, and how far Spark has come with what is on the topic."""

import time
from types import TracebackType
from typing import Self

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from adapters.system_clock import system_clock
from apps.output.terminal import Snapshot
from apps.services.recording_summary import Recording
from apps.services.stats import RateMeter
from domain.candle import Candle
from domain.window import window_start_ms
from ports.clock import Clock


class StoredTable:
    """Follows the candles of some symbols in the store, from a moment on."""

    def __init__(
        self,
        cassandra: CassandraSettings,
        *,
        symbols: tuple[str, ...],
        window_ms: int,
        lateness_ms: int,
        recording: Recording | None,
        now_ms: Clock = system_clock,
    ) -> None:
        self._now_ms = now_ms
        session = CassandraSession(cassandra)
        self._candles = CassandraCandleStore(cassandra, session)
        self._trades = CassandraTradeStore(cassandra, session)
        self._symbols = symbols
        self._window_ms = window_ms
        self._lateness_ms = lateness_ms
        self._recording = recording
        self._from_ms = 0
        self._known: dict[tuple[str, int, int], Candle] = {}
        self._newest: dict[str, Candle] = {}
        self._rate = RateMeter()

    def __enter__(self) -> Self:
        self._candles.start()
        self._trades.start()
        first_ms = self._now_ms() - self._lateness_ms if self._recording is None else self._recording.first_ms
        self._from_ms = window_start_ms(first_ms, self._window_ms)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._candles.close()
        self._trades.close()

    @property
    def until_ms(self) -> int:
        """The end of the time that it follows."""
        return (self._now_ms() if self._recording is None else self._recording.last_ms) + self._window_ms

    def refresh(self, *, whole: bool = False) -> None:
        """Read what may have changed since the last time, or the whole span.

        A candle changes no longer than the allowed lateness. But the candles of one micro-batch come in no order, so one that was not there yet
        may lie further back: what must be complete is read whole.
        """
        for symbol in self._symbols:
            newest = None if whole else self._newest.get(symbol)
            from_ms = self._from_ms
            if newest is not None:
                from_ms = max(from_ms, newest.window_start_ms - self._lateness_ms - self._window_ms)
            for candle in self._candles.read(symbol, from_ms, self.until_ms, self._window_ms):
                self._known[candle.window_key] = self._newest[symbol] = candle

    def snapshot(self) -> Snapshot:
        """Give what to show, as of the last refresh."""
        folded = sum(candle.trade_count + candle.update_count for candle in self._known.values())
        facts = {
            "trades in candles": str(folded),
            "trades/s": f"{self._rate.rate(time.monotonic(), folded):.0f}",
            "candles": str(len(self._known)),
        }
        if self._recording is not None:
            facts["of"] = f"{self._recording.trades} recorded trades"
        elif self._newest:
            newest_ms = max(candle.close_key.timestamp_ms for candle in self._newest.values())
            facts["newest stored trade"] = f"{(self._now_ms() - newest_ms) / 1000:.1f} s old"
        candles = [self._newest[symbol] for symbol in sorted(self._newest)]
        return Snapshot(title="tapeline stack: Kafka, Spark, Cassandra", candles=candles, facts=facts)

    def all_candles(self) -> list[Candle]:
        """Read every candle that it followed, in order of window, then symbol."""
        candles = [
            candle
            for symbol in self._symbols
            for candle in self._candles.read(symbol, self._from_ms, self.until_ms, self._window_ms)
        ]
        return sorted(candles, key=lambda candle: (candle.window_start_ms, candle.symbol))

    def summary(self) -> str:
        """Say in one line what is stored."""
        rows = sum(1 for symbol in self._symbols for _ in self._trades.read(symbol, self._from_ms, self.until_ms))
        candles = self.all_candles()
        folded = sum(candle.trade_count + candle.update_count for candle in candles)
        return f"in Cassandra: {rows} rows in trades_v2, {len(candles)} candles of {folded} trades in trade_aggregates"
