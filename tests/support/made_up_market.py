"""A made-up market in memory for the page: history up to now, and then trades for as long as a test wants them."""

import random
import threading
import time
from collections.abc import Iterable
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

from adapters.exchange_calendar.markets import calendar_of_symbol
from adapters.memory.stores import MemoryCandleStore, MemoryTradeStore
from apps.web.page_source import Horizon, PageSource
from domain.candle import Candle, fold
from domain.market import classify
from domain.trade import Trade
from domain.window import MINUTE_MS, window_start_ms

CENT = Decimal("0.01")
PRICES = {
    "AAPL": ("228.41", "0.01"),
    "MSFT": ("417.32", "0.01"),
    "NVDA": ("134.05", "0.01"),
    "BINANCE:BTCUSDT": ("97214.50", "0.01"),
    "BINANCE:ETHUSDT": ("3391.08", "0.01"),
    "BINANCE:XRPETH": ("0.00041342", "0.00000001"),
    "OANDA:EUR_USD": ("1.05312", "0.00001"),
    "OANDA:GBP_USD": ("1.26874", "0.00001"),
}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def many_symbols(count: int) -> tuple[str, ...]:
    return tuple([*PRICES, *(f"BINANCE:COIN{n:02d}USDT" for n in range(count))][:count])


class MadeUpMarket:
    """Prices that walk; everything that it makes is in its two stores. As a context it trades `per_s` times a second in a thread of its own."""

    def __init__(self, symbols: Iterable[str] = tuple(PRICES), *, seed: int = 7, per_s: float = 0.0) -> None:
        self.trades = MemoryTradeStore()
        self.candles = MemoryCandleStore()
        self.symbols = tuple(symbols)
        self.per_s = per_s
        self._random = random.Random(seed)
        self._prices = {symbol: Decimal(PRICES.get(symbol, ("12.50", "0.01"))[0]) for symbol in self.symbols}
        self._open: dict[tuple[str, int, int], Candle] = {}
        self._count = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="market")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def make_history(self, minutes: int, *, trades_a_minute: int = 5) -> None:
        end_ms = now_ms()
        start_ms = window_start_ms(end_ms, MINUTE_MS) - minutes * MINUTE_MS
        for symbol in self.symbols:
            step_ms = MINUTE_MS // trades_a_minute
            self._keep([self._next(symbol, at_ms) for at_ms in range(start_ms + 1, end_ms, step_ms)])

    def trade(self, symbol: str, at_ms: int | None = None, **fields: Any) -> Trade:
        """Make one trade, and the candle that it changes."""
        trade = self._next(symbol, now_ms() if at_ms is None else at_ms, **fields)
        self._keep([trade])
        return trade

    def source(self, **fields: Any) -> PageSource:
        usual: dict[str, Any] = {
            "candles": self.candles,
            "trades": self.trades,
            "symbols": lambda: self.symbols,
            "calendar_of": calendar_of_symbol,
            "title": "made-up prices",
            "horizon": Horizon.everything(),
            "poll_s": 0.1,
        }
        return PageSource(**{**usual, **fields})

    def _next(self, symbol: str, at_ms: int, **fields: Any) -> Trade:
        tick = Decimal(PRICES.get(symbol, ("", "0.01"))[1])
        price = self._prices[symbol]
        moved = price * Decimal(1 + self._random.gauss(0, 0.0006))
        self._prices[symbol] = price = max(tick, moved.quantize(tick))
        market = classify(symbol)
        self._count += 1
        usual: dict[str, Any] = {
            "price": price,
            "volume": Decimal(round(self._random.expovariate(0.01), 2)).quantize(CENT) + CENT,
            "trade_id": f"{self._count:08d}",
            "received_ms": at_ms + 12,
        }
        return Trade(
            symbol=symbol,
            timestamp_ms=at_ms,
            venue=market.venue,
            asset_class=market.asset_class,
            **{**usual, **fields},
        )

    def _keep(self, trades: list[Trade]) -> None:
        self.trades.write(trades)
        changed = fold(trades, MINUTE_MS)
        for slot, candle in changed.items():
            known = self._open.get(slot)
            self._open[slot] = changed[slot] = candle if known is None else known.merge(candle)
        self.candles.write(changed.values())

    def _run(self) -> None:
        while self.per_s and not self._stop.wait(0.05):
            for _ in range(max(1, round(self.per_s * 0.05))):
                self.trade(self._random.choice(self.symbols))
