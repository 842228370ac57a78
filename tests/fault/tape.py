"""A seeded tape of genuine trades for tests of faults: frames as a feed sends them, through the real intake.

Several trades share a millisecond, some are byte-identical within a frame, some arrive seconds after newer ones, some are price updates. All of
them are distinct trades: what is sent is what must be stored. The tape begins half an hour ago, so that every rule on time is kept.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from domain.feed import Frame, RawTrade
from domain.intake import Intake
from domain.trade import Trade
from domain.window import MINUTE_MS

SYMBOLS: Final = ("AAPL", "MSFT", "BINANCE:BTCUSDT", "BINANCE:ETHUSDT", "OANDA:EUR_USD", "0700.HK")
DELAYS_MS: Final = (0, 0, 0, 0, 1, 40, 900, 5_000)
"""How long after newer trades one may arrive: well within the lateness that candles allow for, and no restatement."""
RESTATING_DELAYS_MS: Final = (*DELAYS_MS, 20_000, 45_000)
"""The same, and delays after which a trade restates a candle whose window is closed."""
CONDITIONS: Final = (["1"], ["1"], ["1", "12"], ["1", "8"], ["1", "16"], ["1", "99"])
"""Of each trade by its price. None depends on the session, since the tape runs at any time of any day."""


class Tape:
    """Return the next trades; `now_ms` is where in event time it is."""

    def __init__(
        self,
        seed: int,
        begin_ms: int | None = None,
        symbols: Sequence[str] = SYMBOLS,
        delays_ms: Sequence[int] = DELAYS_MS,
    ) -> None:
        self._symbols = symbols
        self._random = random.Random(seed)
        self._delays_ms = delays_ms
        self._intake = Intake(source="tape")
        self._frames = 0
        start = time.time_ns() // 1_000_000 - 30 * MINUTE_MS if begin_ms is None else begin_ms
        self.now_ms = start - start % MINUTE_MS

    def trades(self, count: int) -> list[Trade]:
        """Return at least so many, in the order of their arrival."""
        found: list[Trade] = []
        while len(found) < count:
            found += self._frame()
        return found

    def late(self, count: int) -> list[Trade]:
        """Return trades of long closed windows, each in a window of its own that has no other trade."""
        begin_ms = self.now_ms - 24 * 60 * MINUTE_MS
        raw = [self._raw("LATE", begin_ms + place * MINUTE_MS, Decimal(100 + place)) for place in range(count)]
        return self._accept(raw)

    def skip(self, ms: int) -> None:
        """Let event time pass."""
        self.now_ms += ms

    def _frame(self) -> Sequence[Trade]:
        self.now_ms += self._random.choice((0, 3, 60, 300))
        moment_ms = self.now_ms - self._random.choice(self._delays_ms)
        symbol = self._random.choice(self._symbols)
        raw: list[RawTrade] = []
        for _ in range(self._random.choice((1, 1, 2, 5))):
            price = Decimal(self._random.randrange(9_000_000, 9_000_400)).scaleb(-3)
            volume = Decimal(0) if self._random.random() < 0.1 else Decimal(self._random.randrange(1, 10**7)).scaleb(-6)
            # At times the same trade twice in a frame: two trades.
            raw += [self._raw(symbol, moment_ms, price, volume)] * self._random.choice((1, 1, 1, 2))
        return self._accept(raw)

    def _accept(self, raw: list[RawTrade]) -> list[Trade]:
        self._frames += 1
        result = self._intake.accept(
            Frame(payload=str(self._frames).encode(), received_ms=self.now_ms + 20, trades=raw)
        )
        assert len(result.trades) == len(raw), result.dead_letters
        return list(result.trades)

    @staticmethod
    def _raw(symbol: str, timestamp_ms: int, price: Decimal, volume: Decimal = Decimal(1)) -> RawTrade:
        return RawTrade(
            symbol=symbol,
            price=price,
            volume=volume,
            timestamp_ms=timestamp_ms,
            conditions=CONDITIONS[int(price.scaleb(3)) % len(CONDITIONS)],
        )
