"""What every store of candles of days promises, whatever is behind it."""

from datetime import date, timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.candle import fold
from domain.daily_candle import DailyCandle
from domain.official_prices import OfficialPrice, PriceSource
from domain.rollup import DayHours
from domain.trade import Trade, TradeKey
from ports.daily_candle_store import DailyCandleStore
from tests.support import strategies

from .stores import DAY_MS, MIDNIGHT_MS, NOON_MS, fresh_symbol, make_candle, round_trips

DAY = date(2019, 10, 11)
ONE_DAY = timedelta(days=1)


def make_daily(symbol: str, day: date = DAY, **changes: object) -> DailyCandle:
    """A usual candle of a day, except as told."""
    candle = DailyCandle(
        day=day,
        hours=DayHours.REGULAR,
        candle=make_candle(symbol, MIDNIGHT_MS, DAY_MS),
        official_open=OfficialPrice(key=TradeKey(NOON_MS, "0000-1", Decimal("1.5")), source=PriceSource.AUCTION),
        official_close=OfficialPrice(key=TradeKey(NOON_MS + 7, "0001-1", Decimal("1.25")), source=PriceSource.OFFICIAL),
        expected_ms=23_400_000,
        covered_ms=23_399_000,
    )
    return attrs.evolve(candle, **changes)  # type: ignore[arg-type]


class DailyCandleStoreContract:
    """Subclasses provide a fixture `store`, started, that may hold other tests' candles."""

    @pytest.fixture
    def symbol(self) -> str:
        return fresh_symbol()

    def test_a_candle_comes_back_as_it_was_written(self, store: DailyCandleStore, symbol: str) -> None:
        store.write([make_daily(symbol)])
        assert list(store.read(symbol, DAY, DAY)) == [make_daily(symbol)]

    def test_the_last_candle_of_a_day_and_its_hours_stays(self, store: DailyCandleStore, symbol: str) -> None:
        last = make_daily(symbol, official_open=None, official_close=None, covered_ms=None)
        store.write([make_daily(symbol)])
        store.write([last])
        store.write([last])
        assert list(store.read(symbol, DAY, DAY)) == [last]

    def test_the_regular_and_the_extended_hours_of_a_day_are_two_candles(
        self, store: DailyCandleStore, symbol: str
    ) -> None:
        both = [make_daily(symbol, hours=hours) for hours in (DayHours.REGULAR, DayHours.EXTENDED)]
        store.write(both)
        assert list(store.read(symbol, DAY, DAY)) == both[::-1]

    def test_a_range_of_days_holds_its_ends_and_is_in_order(self, store: DailyCandleStore, symbol: str) -> None:
        candles = [make_daily(symbol, DAY + n * ONE_DAY) for n in range(400)]
        store.write(reversed(candles))
        assert list(store.read(symbol, DAY, DAY + 399 * ONE_DAY)) == candles
        assert list(store.read(symbol, DAY + ONE_DAY, DAY + 3 * ONE_DAY)) == candles[1:4]
        assert list(store.read(symbol, DAY + ONE_DAY, DAY)) == []

    def test_an_unknown_symbol_has_none(self, store: DailyCandleStore, symbol: str) -> None:
        store.write([])
        assert list(store.read(symbol, DAY, DAY)) == []

    @round_trips
    @given(trades=st.lists(strategies.trades(symbol=st.just("AAPL")), min_size=1, max_size=10))
    def test_both_views_of_any_trades_are_read_as_they_were_written(
        self, store: DailyCandleStore, trades: list[Trade]
    ) -> None:
        symbol = fresh_symbol()
        renamed = [attrs.evolve(trade, symbol=symbol) for trade in trades]
        candle = next(iter(fold(renamed, 1_000 * DAY_MS).values()))
        store.write([make_daily(symbol, candle=candle)])
        assert list(store.read(symbol, DAY, DAY)) == [make_daily(symbol, candle=candle)]
