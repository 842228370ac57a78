"""What every store of trades promises, whatever is behind it."""

import random
from decimal import Decimal

import attrs
import pytest
from hypothesis import given

from domain.decimals import PRICE_LIMIT, VOLUME_LIMIT
from domain.trade import Trade
from ports.trade_store import TradeStore
from tests.support import strategies

from .stores import DAY_MS, LEAST, MIDNIGHT_MS, NOON_MS, fresh_symbol, make_trade, round_trips


def ordered(trades: list[Trade]) -> list[Trade]:
    return sorted(trades, key=lambda trade: (trade.timestamp_ms, trade.trade_id))


class TradeStoreContract:
    """Subclasses provide a fixture `store`, started, that may hold other tests' trades, and pages small enough for 1,100 rows to need several."""

    @pytest.fixture
    def symbol(self) -> str:
        return fresh_symbol()

    def test_a_trade_comes_back_as_it_was_written(self, store: TradeStore, symbol: str) -> None:
        trade = make_trade(symbol, MIDNIGHT_MS + 11_620, "0007-0a1b2c3d")
        store.write([trade])
        assert list(store.read(symbol, MIDNIGHT_MS, MIDNIGHT_MS + DAY_MS)) == [trade]

    def test_trades_come_back_by_time_then_id_whatever_order_they_came_in(self, store: TradeStore, symbol: str) -> None:
        trades = [make_trade(symbol, NOON_MS + ms, f"{n:04d}-00000000") for ms in range(20) for n in range(5)]
        shuffled = random.Random(7).sample(trades, len(trades))
        store.write(shuffled)
        assert list(store.read(symbol, NOON_MS, NOON_MS + 20)) == trades

    def test_the_range_holds_its_start_and_not_its_end(self, store: TradeStore, symbol: str) -> None:
        trades = [make_trade(symbol, NOON_MS + ms) for ms in range(4)]
        store.write(trades)
        assert list(store.read(symbol, NOON_MS + 1, NOON_MS + 3)) == trades[1:3]

    @pytest.mark.parametrize(("start_ms", "end_ms"), [(NOON_MS, NOON_MS), (NOON_MS + 1, NOON_MS - DAY_MS)])
    def test_an_empty_range_holds_nothing(self, store: TradeStore, symbol: str, start_ms: int, end_ms: int) -> None:
        store.write([make_trade(symbol, NOON_MS)])
        assert list(store.read(symbol, start_ms, end_ms)) == []

    def test_trades_around_midnight_belong_to_their_range(self, store: TradeStore, symbol: str) -> None:
        trades = [make_trade(symbol, MIDNIGHT_MS + ms) for ms in (-1, 0, 1)]
        store.write(trades)
        assert list(store.read(symbol, MIDNIGHT_MS - 1, MIDNIGHT_MS)) == trades[:1]
        assert list(store.read(symbol, MIDNIGHT_MS, MIDNIGHT_MS + 1)) == trades[1:2]
        assert list(store.read(symbol, MIDNIGHT_MS - DAY_MS, MIDNIGHT_MS + DAY_MS)) == trades

    def test_a_range_of_many_days_is_in_order_over_all_of_them(self, store: TradeStore, symbol: str) -> None:
        days = (0, 1, 2, 9, 10, 80, 81)
        trades = [make_trade(symbol, NOON_MS + day * DAY_MS + ms) for day in days for ms in range(3)]
        store.write(reversed(trades))
        assert list(store.read(symbol, NOON_MS + 1, NOON_MS + 81 * DAY_MS + 2)) == trades[1:-1]

    def test_trades_of_one_millisecond_are_all_kept_even_identical_ones(self, store: TradeStore, symbol: str) -> None:
        trades = [make_trade(symbol, NOON_MS, f"{n:04d}-0a1b2c3d") for n in range(130)]
        store.write(trades)
        assert list(store.read(symbol, NOON_MS, NOON_MS + 1)) == trades

    def test_writing_again_changes_nothing(self, store: TradeStore, symbol: str) -> None:
        trades = [make_trade(symbol, NOON_MS + ms) for ms in range(10)]
        store.write(trades)
        store.write(trades[3:] + trades[:3])
        store.write([*trades, *trades])
        assert list(store.read(symbol, NOON_MS, NOON_MS + 10)) == trades

    def test_a_trade_that_comes_again_is_one_of_its_writings_whole(self, store: TradeStore, symbol: str) -> None:
        low, high = (make_trade(symbol, price=Decimal(n), volume=Decimal(10 - n), venue=str(n)) for n in (1, 9))
        for first, second in ((low, high), (high, low)):
            store.write([first, second])
            [found] = store.read(symbol, NOON_MS, NOON_MS + 1)
            assert found in (first, second)

    def test_symbols_do_not_mix(self, store: TradeStore) -> None:
        symbols = [fresh_symbol(name) for name in ("IC MARKETS:1", "BINANCE:BTCUSDT", "a", "A", "'; DROP--", "{}%s?")]
        store.write(make_trade(symbol, venue=symbol) for symbol in symbols)
        for symbol in symbols:
            assert [trade.venue for trade in store.read(symbol, NOON_MS, NOON_MS + 1)] == [symbol]

    def test_an_unknown_symbol_has_no_trades(self, store: TradeStore, symbol: str) -> None:
        assert list(store.read(symbol, NOON_MS, NOON_MS + DAY_MS)) == []

    @pytest.mark.parametrize(
        "price", [LEAST, PRICE_LIMIT - LEAST, Decimal("1E+3"), Decimal("1.50"), Decimal("164.0601")]
    )
    @pytest.mark.parametrize("volume", [Decimal(0), Decimal("0E-8"), LEAST, VOLUME_LIMIT - LEAST])
    def test_decimals_are_exact_up_to_the_limits(
        self, store: TradeStore, symbol: str, price: Decimal, volume: Decimal
    ) -> None:
        trade = make_trade(symbol, price=price, volume=volume)
        store.write([trade])
        assert list(store.read(symbol, NOON_MS, NOON_MS + 1)) == [trade]

    @pytest.mark.parametrize(
        "conditions", [(), ("",), ("1",), ("b", "a", "b"), tuple("x" * 16 for _ in range(32))], ids=len
    )
    def test_conditions_keep_their_order_and_number(
        self, store: TradeStore, symbol: str, conditions: tuple[str, ...]
    ) -> None:
        store.write([make_trade(symbol, conditions=conditions)])
        assert [trade.conditions for trade in store.read(symbol, NOON_MS, NOON_MS + 1)] == [conditions]

    @pytest.mark.parametrize(
        "timestamp_ms", [-1, 0, 1, 999, 253_402_300_799_999, 253_402_300_799_001, *range(NOON_MS + 617, NOON_MS + 624)]
    )
    def test_times_are_exact_to_the_millisecond(self, store: TradeStore, symbol: str, timestamp_ms: int) -> None:
        trade = make_trade(symbol, timestamp_ms, received_ms=timestamp_ms)
        store.write([trade])
        assert list(store.read(symbol, timestamp_ms, timestamp_ms + 1)) == [trade]

    def test_more_trades_than_a_page_come_back_in_order(self, store: TradeStore, symbol: str) -> None:
        trades = [make_trade(symbol, MIDNIGHT_MS - 550 + ms) for ms in range(1_100)]
        store.write(random.Random(7).sample(trades, len(trades)))
        assert list(store.read(symbol, MIDNIGHT_MS - DAY_MS, MIDNIGHT_MS + DAY_MS)) == trades

    def test_reading_may_stop_early_and_begin_again(self, store: TradeStore, symbol: str) -> None:
        trades = [make_trade(symbol, NOON_MS + ms) for ms in range(500)]
        store.write(trades)
        assert next(store.read(symbol, NOON_MS, NOON_MS + DAY_MS)) == trades[0]
        assert len(list(store.read(symbol, NOON_MS, NOON_MS + DAY_MS))) == 500

    def test_many_symbols_and_days_are_written_at_once(self, store: TradeStore) -> None:
        symbols = [fresh_symbol() for _ in range(40)]
        trades = [make_trade(symbols[n % 40], NOON_MS + n % 3 * DAY_MS + n) for n in range(6_000)]
        store.write(iter(trades))
        for symbol in symbols:
            found = list(store.read(symbol, NOON_MS, NOON_MS + 4 * DAY_MS))
            assert found == ordered([trade for trade in trades if trade.symbol == symbol])

    def test_writing_nothing_is_fine(self, store: TradeStore) -> None:
        store.write([])

    @round_trips
    @given(stream=strategies.streams)
    def test_what_is_written_is_what_is_read(self, store: TradeStore, stream: list[Trade]) -> None:
        names = {symbol: fresh_symbol(symbol) for symbol in {trade.symbol for trade in stream}}
        trades = [attrs.evolve(trade, symbol=names[trade.symbol]) for trade in stream]
        store.write(trades)
        start_ms, end_ms = strategies.T0_MS - DAY_MS, strategies.T0_MS + DAY_MS
        for symbol in names.values():
            kept = {(t.timestamp_ms, t.trade_id): t for t in trades if t.symbol == symbol}
            assert list(store.read(symbol, start_ms, end_ms)) == ordered(list(kept.values()))
