"""Longer candles out of a store of 1-minute candles."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.exchange_calendar.markets import ALWAYS_OPEN as CRYPTO
from adapters.exchange_calendar.markets import NYSE
from adapters.exchange_calendar.nyse import NEW_YORK
from adapters.memory.stores import MemoryCandleStore
from apps.services.rollup_reader import RollupCandleStore, read_periods
from domain.candle import Candle, fold
from domain.rollup import DayHours, Period
from domain.trade import Trade
from domain.window import MINUTE_MS, to_ms
from tests.support.strategies import T0_MS, streams


def stored(candles: list[Candle]) -> RollupCandleStore:
    store = MemoryCandleStore()
    store.start()
    store.write(candles)
    return RollupCandleStore(store)


def trade(text: str, price: int = 100, symbol: str = "AAPL") -> Trade:
    moment_ms = to_ms(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK))
    return Trade(
        symbol=symbol,
        price=Decimal(price),
        volume=Decimal(1),
        timestamp_ms=moment_ms,
        trade_id="0000-00000000",
        received_ms=moment_ms,
        venue="US",
        asset_class="stock",
    )


def minutes(*trades: Trade) -> list[Candle]:
    return list(fold(trades, MINUTE_MS).values())


@given(streams, st.sampled_from([1, 5, 15, 60]), st.integers(-400_000, 400_000), st.integers(0, 800_000))
def test_a_span_of_longer_candles_is_that_of_the_fold(
    stream: list[Trade], factor: int, start_ms: int, length_ms: int
) -> None:
    window_ms = factor * MINUTE_MS
    start_ms += T0_MS
    store = stored(list(fold(stream, MINUTE_MS).values()))
    for symbol in ("AAPL", "BINANCE:BTCUSDT"):
        expected = [
            candle
            for candle in sorted(fold(stream, window_ms).values(), key=lambda candle: candle.window_start_ms)
            if candle.symbol == symbol and start_ms <= candle.window_start_ms < start_ms + length_ms
        ]
        assert list(store.read(symbol, start_ms, start_ms + length_ms, window_ms)) == expected


def test_candles_that_are_stored_at_that_length_are_read_where_there_are_no_minutes() -> None:
    candles = list(fold([trade("2026-11-27T10:01")], 5 * MINUTE_MS).values())
    start_ms = candles[0].window_start_ms
    assert list(stored(candles).read("AAPL", start_ms, start_ms + 1, 5 * MINUTE_MS)) == candles


@pytest.mark.parametrize("window_ms", [1_000, 30_000, 90_000])
def test_other_lengths_are_read_as_they_are_stored(window_ms: int) -> None:
    candles = list(fold([trade("2026-11-27T10:01")], window_ms).values())
    start_ms = candles[0].window_start_ms
    assert list(stored(candles).read("AAPL", start_ms, start_ms + 1, window_ms)) == candles


def test_days_weeks_and_months_begin_in_the_span() -> None:
    store = stored(
        minutes(trade("2026-11-20T10:00"), trade("2026-11-23T10:00"), trade("2026-11-25T15:59"), trade("2026-12-01T09:30"))
    )  # fmt: skip
    start_ms, end_ms = (to_ms(datetime.fromisoformat(f"{day}T00:00+00:00")) for day in ("2026-11-23", "2026-12-02"))

    def starts(period: Period) -> list[date]:
        found = read_periods(store, NYSE, "AAPL", start_ms, end_ms, period=period, hours=DayHours.REGULAR)
        return [candle.start for candle in found]

    assert starts(Period.DAY) == [date(2026, 11, 23), date(2026, 11, 25), date(2026, 12, 1)]
    assert starts(Period.WEEK) == [date(2026, 11, 23), date(2026, 11, 30)]
    assert starts(Period.MONTH) == [date(2026, 12, 1)]


def test_the_last_period_is_whole_although_the_span_ends_in_it() -> None:
    store = stored(minutes(trade("2026-11-23T10:00", 5), trade("2026-11-27T12:59", 9)))
    start_ms = to_ms(datetime.fromisoformat("2026-11-23T00:00+00:00"))
    (week,) = read_periods(store, NYSE, "AAPL", start_ms, start_ms + 1, period=Period.WEEK, hours=DayHours.REGULAR)
    assert (week.candle.open, week.candle.close, week.candle.trade_count) == (Decimal(5), Decimal(9), 2)


def test_extended_hours_are_an_argument() -> None:
    store = stored(minutes(trade("2026-11-27T08:00"), trade("2026-11-27T10:00"), trade("2026-11-27T14:00")))
    start_ms = to_ms(datetime.fromisoformat("2026-11-27T00:00+00:00"))
    counts = [
        read_periods(store, NYSE, "AAPL", start_ms, start_ms + 1, period=Period.DAY, hours=hours)[0].candle.trade_count
        for hours in (DayHours.REGULAR, DayHours.EXTENDED)
    ]
    assert counts == [1, 3]


def test_a_day_of_crypto_ends_at_midnight_utc() -> None:
    before, after = "2026-11-27T18:59", "2026-11-27T19:00"  # 23:59 and 0:00 UTC
    store = stored(minutes(trade(before, symbol="BINANCE:BTCUSDT"), trade(after, symbol="BINANCE:BTCUSDT")))
    start_ms = to_ms(datetime.fromisoformat("2026-11-27T00:00+00:00"))
    days = read_periods(
        store, CRYPTO, "BINANCE:BTCUSDT", start_ms, start_ms + 1, period=Period.DAY, hours=DayHours.REGULAR
    )
    assert [(day.start, day.candle.trade_count) for day in days] == [(date(2026, 11, 27), 1)]
