"""The law of the in-process aggregator: each stored candle is the fold of the stored trades of its window, whatever crashes and restarts come between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.broker import MemoryBroker
from adapters.memory.event_store import MemoryEventStore
from adapters.memory.publisher import MemoryPublisher
from adapters.memory.stores import MemoryCandleStore, MemoryTradeStore
from adapters.memory.subscriber import MemorySubscriber
from apps.services.in_process_aggregator import InProcessAggregator
from domain.candle import Candle, fold
from domain.candle_revision import RevisionReason
from domain.record import encode
from domain.rules import Rules
from domain.trade import Trade
from domain.window import MINUTE_MS
from domain.windower import Windower
from ports.errors import StoreError
from tests.contract.stores import NOON_MS, make_trade

SYMBOLS = ("AAPL", "MSFT")


class CrashingStore:
    """A candle store whose write fails on request, before or after it kept the candles."""

    def __init__(self) -> None:
        self.kept = MemoryCandleStore()
        self.crash = ""

    def start(self) -> None: ...

    def write(
        self, candles: Iterable[Candle], *, known_at_ms: int | None = None, reason: RevisionReason | None = None
    ) -> None:
        candles = list(candles)
        if self.crash != "before":
            self.kept.write(candles, known_at_ms=known_at_ms, reason=reason)
        if self.crash:
            raise StoreError("the process was killed")

    def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[Candle]:
        return self.kept.read(symbol, start_ms, end_ms, window_ms)

    def close(self) -> None: ...


class World:
    """Durable broker and stores, and one aggregator at a time."""

    def __init__(self, *, lateness_ms: int = 60 * MINUTE_MS) -> None:
        self.broker = MemoryBroker(now_ms=lambda: NOON_MS + 60 * MINUTE_MS)
        self.trades, self.candles = MemoryTradeStore(), CrashingStore()
        self._lateness_ms = lateness_ms
        self._subscriber: MemorySubscriber | None = None
        # The group outlives its member from the start, so that nothing is read from a later offset.
        self.restart()

    def restart(self) -> None:
        if self._subscriber is not None:
            self._subscriber.close()
        self._subscriber = MemorySubscriber(self.broker, "aggregator", ("trades", "feed.events"))
        self._subscriber.start()
        publisher = MemoryPublisher(self.broker)
        publisher.start()
        self.aggregator = InProcessAggregator(
            subscriber=self._subscriber,
            publisher=publisher,
            windower=Windower(window_ms=MINUTE_MS, allowed_lateness_ms=self._lateness_ms),
            trade_store=self.trades,
            candle_store=self.candles,
            event_store=MemoryEventStore(),
            rules=Rules(max_age_ms=86_400_000),
        )

    def send(self, trades: Iterable[Trade]) -> None:
        for trade in trades:
            self.broker.append("trades", key=trade.symbol.encode(), value=encode(trade))

    def step(self, crash: str = "") -> None:
        self.candles.crash = crash
        try:
            self.aggregator.step(0)
        except StoreError:
            self.restart()
        finally:
            self.candles.crash = ""

    def stored(self, symbol: str) -> list[Candle]:
        return list(self.candles.read(symbol, NOON_MS - MINUTE_MS, NOON_MS + 60 * MINUTE_MS, MINUTE_MS))

    def folded(self, symbol: str) -> list[Candle]:
        trades = self.trades.read(symbol, NOON_MS - MINUTE_MS, NOON_MS + 60 * MINUTE_MS)
        return sorted(fold(trades, MINUTE_MS).values(), key=lambda candle: candle.window_start_ms)


def trades(symbol: str, first: int, count: int, *, step_ms: int = 100) -> list[Trade]:
    return [
        make_trade(symbol, NOON_MS + number * step_ms, f"{number:04}-00000000", price=Decimal(100 + number))
        for number in range(first, first + count)
    ]


def test_a_candle_keeps_its_trades_after_a_restart() -> None:
    world = World()
    world.send(trades("AAPL", 0, 30))
    world.step()
    world.restart()
    world.send(trades("AAPL", 30, 5))
    world.step()
    [candle] = world.stored("AAPL")
    assert (candle.trade_count, candle.open, candle.close) == (35, Decimal(100), Decimal(134))


@pytest.mark.parametrize("crash", ["before", "after"])
def test_trades_that_are_redelivered_after_a_crash_count_once(crash: str) -> None:
    world = World()
    world.send(trades("AAPL", 0, 30))
    world.step(crash)
    world.send(trades("AAPL", 30, 5))
    world.step()
    [candle] = world.stored("AAPL")
    assert candle.trade_count == 35


def test_a_final_candle_is_not_read_again_for_a_late_trade() -> None:
    world = World(lateness_ms=0)
    world.send(trades("AAPL", 0, 2, step_ms=MINUTE_MS))
    world.step()
    before = world.stored("AAPL")
    world.send([make_trade("AAPL", NOON_MS + 1, "9999-00000000")])
    world.step()
    assert world.stored("AAPL") == before
    assert world.aggregator.late_trades == 1


STEPS = st.one_of(
    st.tuples(st.just("send"), st.sampled_from(SYMBOLS), st.integers(1, 8)),
    st.tuples(st.just("step"), st.sampled_from(["", "before", "after"]), st.just(0)),
    st.tuples(st.just("restart"), st.just(""), st.just(0)),
)


@given(steps=st.lists(STEPS, max_size=25), spacing_ms=st.sampled_from([1, 7_000, 25_000]))
def test_each_candle_is_the_fold_of_the_stored_trades(steps: list[tuple[str, str, int]], spacing_ms: int) -> None:
    world = World()
    sent = dict.fromkeys(SYMBOLS, 0)
    actions: dict[str, Callable[[str, int], None]] = {
        "step": lambda crash, _: world.step(crash),
        "restart": lambda *_: world.restart(),
    }
    for name, text, count in steps:
        if name == "send":
            world.send(trades(text, sent[text], count, step_ms=spacing_ms))
            sent[text] += count
        else:
            actions[name](text, count)
    world.step()
    for symbol in SYMBOLS:
        assert world.stored(symbol) == world.folded(symbol)
        assert sum(candle.trade_count for candle in world.stored(symbol)) == sent[symbol]
