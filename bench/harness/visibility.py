"""When a trade can be read in Cassandra: seen by a reader of the stores, as any user of them would see it.

A row's write time is no such moment: the aggregator's clock sets it, before the write. So a reader asks again and again for the newest rows of a few
symbols, by the Python stores, and notes for each trade when an answer had it first. The latency of a trade is that time less `received_ms`, the time
at which the producer read its frame; both are clocks of one machine.

- The raw trade is readable when an answer of `CassandraTradeStore.read` has it.
- It is readable in its candle when an answer of `CassandraCandleStore.read` has a candle of its window that reaches to it: trades of a symbol are in
  order here, so a candle has folded every trade up to the key of its close.
- A symbol is asked every `PERIOD_S`, so what is noted is late by half of that in the mean, and never early.
- Which trades there were is read afterwards. One that no answer had counts as never readable, which no quantile passes over.
"""

import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Final, Self

import attrs

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from domain.candle import Candle
from domain.trade import Trade
from domain.window import MINUTE_MS, window_start_ms

PERIOD_S: Final = 0.1
NEVER_MS: Final = float("inf")
_OVERLAP_MS: Final = 2_000
"""Rows of a micro-batch are written by several requests at once, so an older row may show after a newer one."""
_SLACK_MS: Final = 2_000
"""A trade's own time and the time it was received lie closer together than this."""


class Seen:
    """What was seen of one symbol, and when."""

    def __init__(self, from_ms: int) -> None:
        self.newest_ms = from_ms
        """Event time of the newest trade seen."""
        self.received_ms = 0
        """When the producer received the newest of them."""
        self.folded_ms = from_ms
        """Event time of the newest trade seen in a candle."""
        self._rows: dict[tuple[int, str], int] = {}
        self._newest: dict[int, tuple[int, str]] = {}
        self._closes: dict[int, list[tuple[tuple[int, str], int]]] = {}

    @property
    def candles_from_ms(self) -> int:
        """The start of the first window that may still change: the end of one may show after the beginning of the next, of the same micro-batch."""
        return window_start_ms(self.folded_ms, MINUTE_MS) - MINUTE_MS

    def trades(self, answer: Iterable[Trade], at_ms: int) -> None:
        """Take an answer of the trade store."""
        for trade in answer:
            key = (trade.timestamp_ms, trade.trade_id)
            if key not in self._rows:
                self._rows[key] = at_ms
                window_ms = window_start_ms(trade.timestamp_ms, MINUTE_MS)
                self._newest[window_ms] = max(self._newest.get(window_ms, key), key)
                self.newest_ms = max(self.newest_ms, trade.timestamp_ms)
                self.received_ms = max(self.received_ms, trade.received_ms)

    def candles(self, answer: Iterable[Candle], at_ms: int) -> None:
        """Take an answer of the candle store."""
        for candle in answer:
            closes = self._closes.setdefault(candle.window_start_ms, [])
            reached = candle.close_key[:2]
            if not closes or closes[-1][0] < reached:
                closes.append((reached, at_ms))
            self.folded_ms = max(self.folded_ms, candle.close_key.timestamp_ms)

    def has_all(self, end_ms: int) -> bool:
        """Say whether what the producer received until then was seen, and each trade of it in its candle."""
        open_ms = window_start_ms(end_ms, MINUTE_MS)
        return (
            self.received_ms >= end_ms
            and self.folded_ms >= end_ms
            and all(
                window_ms in self._closes and self._closes[window_ms][-1][0] >= newest
                for window_ms, newest in self._newest.items()
                if window_ms < open_ms
            )
        )

    def trade_latency_ms(self, trade: Trade) -> float:
        """Give how long it took until the trade was seen."""
        return self._rows.get((trade.timestamp_ms, trade.trade_id), NEVER_MS) - trade.received_ms

    def candle_latency_ms(self, trade: Trade) -> float:
        """Give how long it took until a candle was seen that has the trade."""
        closes = self._closes.get(window_start_ms(trade.timestamp_ms, MINUTE_MS), [])
        place = bisect_left(closes, (trade.timestamp_ms, trade.trade_id), key=lambda close: close[0])
        return (closes[place][1] if place < len(closes) else NEVER_MS) - trade.received_ms


@attrs.frozen(kw_only=True)
class Latencies:
    """Of the trades that the producer received within a time, sorted, in milliseconds."""

    trades: Sequence[float]
    candles: Sequence[float]
    feed: Sequence[float]
    """From the market's stamp to the producer's reading the frame, which is no part of the others."""
    whole: bool
    """Whether all that was received in the time was seen before the patience was out."""


class Reader:
    """Asks for some symbols. Connected between `with` and its end."""

    def __init__(self, settings: CassandraSettings, names: Sequence[str]) -> None:
        session = CassandraSession(settings)
        self._trades = CassandraTradeStore(settings, session)
        self._candles = CassandraCandleStore(settings, session)
        self._names = tuple(names)
        self._seen: dict[str, Seen] = {}

    def __enter__(self) -> Self:
        self._trades.start()
        self._candles.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._candles.close()
        self._trades.close()

    def watch(self, seconds: float, patience_s: float) -> Latencies:
        """Follow the symbols for so long, and on until all that was received by then is seen, or the patience is out."""
        begin_ms = now_ms()
        end_ms = begin_ms + round(seconds * 1000)
        self._seen = {name: Seen(begin_ms - _SLACK_MS) for name in self._names}
        turn, next_s = 0, time.monotonic()
        while (
            not (whole := all(seen.has_all(end_ms) for seen in self._seen.values()))
            and now_ms() < end_ms + patience_s * 1000
        ):
            self._ask(self._names[turn % len(self._names)])
            turn += 1
            next_s = max(next_s + PERIOD_S / len(self._names), time.monotonic() - PERIOD_S)
            time.sleep(max(next_s - time.monotonic(), 0))
        return self._latencies(begin_ms, end_ms, whole=whole)

    def _ask(self, name: str) -> None:
        seen = self._seen[name]
        until_ms = now_ms() + _SLACK_MS
        trades = list(self._trades.read(name, seen.newest_ms - _OVERLAP_MS, until_ms))
        seen.trades(trades, now_ms())
        candles = list(self._candles.read(name, seen.candles_from_ms, until_ms, MINUTE_MS))
        seen.candles(candles, now_ms())

    def _latencies(self, begin_ms: int, end_ms: int, *, whole: bool) -> Latencies:
        found = [
            (seen.trade_latency_ms(trade), seen.candle_latency_ms(trade), trade.latency_ms)
            for name, seen in self._seen.items()
            for trade in self._trades.read(name, begin_ms - _SLACK_MS, end_ms + _SLACK_MS)
            if begin_ms <= trade.received_ms < end_ms
        ]
        trades, candles, feed = (sorted(each) for each in zip(*found, strict=True)) if found else ([], [], [])
        return Latencies(trades=trades, candles=candles, feed=feed, whole=whole)


def quantile(values: Sequence[float], percent: float) -> float:
    """Give a quantile of sorted values; of none, never."""
    return values[min(int(len(values) * percent / 100), len(values) - 1)] if values else NEVER_MS


def now_ms() -> int:
    """Give the time in milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000
