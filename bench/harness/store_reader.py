"""A reader that measures when trades become readable in Cassandra, through the Python stores, like any other user of them.

The write time of a row does not show this: the aggregator's clock sets it before the write. So the reader polls the newest rows of a few symbols and
notes the time of the first answer that contains each trade. The latency of a trade is that time minus `received_ms`, the time at which the
producer read its frame. Both clocks are those of one machine.

- The reader polls a symbol every `PERIOD_S`, so a measured latency is too long by half of that on average, and never too short.
- At the end it reads which trades exist. A trade that no answer contained has the latency `NEVER_MS`.
"""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from adapters.system_clock import system_clock
from bench.harness.latencies import Latencies
from bench.harness.observations import Observations
from domain.window import MINUTE_MS

PERIOD_S: Final = 0.1
_OVERLAP_MS: Final = 2_000
"""Several concurrent requests write the rows of a micro-batch, so an older row may become readable after a newer one."""
_SLACK_MS: Final = 2_000
"""A trade's event time and its time of receipt differ by less than this."""


class StoreReader:
    """Polls some symbols. It is connected within its `with` block."""

    def __init__(self, settings: CassandraSettings, names: Sequence[str]) -> None:
        session = CassandraSession(settings)
        self._trades = CassandraTradeStore(settings, session)
        self._candles = CassandraCandleStore(settings, session)
        self._names = tuple(names)
        self._observed: dict[str, Observations] = {}

    def __enter__(self) -> Self:
        self._trades.start()
        self._candles.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._candles.close()
        self._trades.close()

    def watch(self, seconds: float, timeout_s: float) -> Latencies:
        """Return the latencies of the trades that the producer receives in the next `seconds`.

        Poll on after that until all of those trades are readable, at most for `timeout_s`.
        """
        start_ms = system_clock()
        end_ms = start_ms + round(seconds * 1000)
        self._observed = {name: Observations(start_ms - _SLACK_MS) for name in self._names}
        turn, next_s = 0, time.monotonic()
        while (
            not (complete := all(each.complete_until(end_ms) for each in self._observed.values()))
            and system_clock() < end_ms + timeout_s * 1000
        ):
            self._poll(self._names[turn % len(self._names)])
            turn += 1
            next_s = max(next_s + PERIOD_S / len(self._names), time.monotonic() - PERIOD_S)
            time.sleep(max(next_s - time.monotonic(), 0))
        return self._latencies(start_ms, end_ms, complete=complete)

    def _poll(self, name: str) -> None:
        observed = self._observed[name]
        until_ms = system_clock() + _SLACK_MS
        trades = list(self._trades.read(name, observed.newest_ms - _OVERLAP_MS, until_ms))
        observed.add_trades(trades, system_clock())
        candles = list(self._candles.read(name, observed.candles_from_ms, until_ms, MINUTE_MS))
        observed.add_candles(candles, system_clock())

    def _latencies(self, start_ms: int, end_ms: int, *, complete: bool) -> Latencies:
        each = [
            (observed.trade_latency_ms(trade), observed.candle_latency_ms(trade), trade.latency_ms)
            for name, observed in self._observed.items()
            for trade in self._trades.read(name, start_ms - _SLACK_MS, end_ms + _SLACK_MS)
            if start_ms <= trade.received_ms < end_ms
        ]
        trades, candles, feed = (sorted(values) for values in zip(*each, strict=True)) if each else ([], [], [])
        return Latencies(trades=trades, candles=candles, feed=feed, complete=complete)
