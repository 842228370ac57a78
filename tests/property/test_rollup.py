"""Laws of roll-ups: exact, free of order, and the same in one step or in several."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.exchange_calendar.continuous import AlwaysOpenCalendar, ForexCalendar
from adapters.exchange_calendar.nyse import NEW_YORK, NyseCalendar
from domain.candle import Candle, fold
from domain.rollup import DayHours, Period, hours_bounds, period_start, rollup, rollup_days, rollup_period
from domain.trade import Trade
from domain.trading_session import TradingSession
from domain.window import MINUTE_MS, partition_day, to_ms, window_start_ms
from tests.support.strategies import streams, trades

NYSE, FOREX, CRYPTO = NyseCalendar(), ForexCalendar(), AlwaysOpenCalendar()
FACTORS = st.sampled_from([1, 5, 15, 60])
DAYS = st.datetimes(datetime(2018, 12, 20), datetime(2019, 4, 2), timezones=st.just(NEW_YORK))  # noqa: DTZ001 - the zone is added
"""Over Christmas and New Year, and over the start of summer time."""
SAMPLE = Trade(
    symbol="AAPL",
    price=Decimal(100),
    volume=Decimal(1),
    timestamp_ms=0,
    trade_id="0000-00000000",
    received_ms=0,
    venue="US",
    asset_class="stock",
)
weeks = st.lists(trades(symbol=st.sampled_from(["AAPL", "MSFT"]), timestamp_ms=DAYS.map(to_ms)), max_size=40)


def minutes(stream: list[Trade]) -> list[Candle]:
    return list(fold(stream, MINUTE_MS).values())


def new_york_ms(text: str) -> int:
    return to_ms(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK))


def minute_at(moment_ms: int) -> Candle:
    return Candle.of(attrs.evolve(SAMPLE, timestamp_ms=moment_ms, received_ms=moment_ms), MINUTE_MS)


@given(streams, FACTORS)
def test_a_roll_up_equals_the_fold_of_the_trades(stream: list[Trade], factor: int) -> None:
    expected = fold(stream, factor * MINUTE_MS)
    assert {candle.window_key: candle for candle in rollup(minutes(stream), factor * MINUTE_MS)} == expected


@given(streams, st.sampled_from([(5, 15), (5, 60), (15, 60), (1, 5)]))
def test_a_roll_up_of_roll_ups_equals_the_roll_up_of_minutes(stream: list[Trade], steps: tuple[int, int]) -> None:
    short, long = (step * MINUTE_MS for step in steps)
    assert rollup(rollup(minutes(stream), short), long) == rollup(minutes(stream), long)


@given(weeks, st.randoms(use_true_random=False), st.sampled_from(DayHours))
def test_the_order_of_candles_does_not_matter(stream: list[Trade], random: Random, hours: DayHours) -> None:
    candles = minutes(stream)
    shuffled = list(candles)
    random.shuffle(shuffled)
    assert rollup(shuffled, 5 * MINUTE_MS) == rollup(candles, 5 * MINUTE_MS)
    days = rollup_days(candles, NYSE.hours, hours)
    assert rollup_days(shuffled, NYSE.hours, hours) == days
    random.shuffle(shuffled)
    assert rollup_period(list(reversed(days)), Period.WEEK) == rollup_period(days, Period.WEEK)


@given(weeks, st.sampled_from(DayHours))
def test_a_day_holds_the_trades_of_its_sessions(stream: list[Trade], hours: DayHours) -> None:
    wanted = {TradingSession.REGULAR} | (
        {TradingSession.PRE, TradingSession.POST} if hours is DayHours.EXTENDED else set()
    )
    inside = [trade for trade in stream if NYSE.session(trade.timestamp_ms) in wanted]
    by_day: dict[tuple[str, date], int] = {}
    for trade in inside:
        key = (trade.symbol, datetime.fromtimestamp(trade.timestamp_ms / 1000, NEW_YORK).date())
        by_day[key] = by_day.get(key, 0) + 1
    found = rollup_days(minutes(stream), NYSE.hours, hours)
    assert {(day.candle.symbol, day.start): day.candle.trade_count + day.candle.update_count for day in found} == by_day
    for day in found:
        trading_day = NYSE.hours(day.start)
        assert trading_day is not None
        assert (day.candle.window_start_ms, day.candle.window_end_ms) == hours_bounds(trading_day, hours)


@given(weeks, st.sampled_from([Period.WEEK, Period.MONTH]))
def test_weeks_and_months_hold_all_trades_of_their_days(stream: list[Trade], period: Period) -> None:
    days = rollup_days(minutes(stream), NYSE.hours, DayHours.EXTENDED)
    longer = rollup_period(days, period)
    assert [found.period for found in longer] == [period] * len(longer)
    for found in longer:
        parts = [
            day.candle
            for day in days
            if day.candle.symbol == found.candle.symbol and period_start(day.start, period) == found.start
        ]
        assert found.candle.volume == sum(part.volume for part in parts)
        assert found.candle.high == max(part.high for part in parts)
        assert found.candle.open_key == min(part.open_key for part in parts)
        assert found.candle.close_key == max(part.close_key for part in parts)
    assert sum(found.candle.trade_count for found in longer) == sum(day.candle.trade_count for day in days)


@given(streams)
def test_a_day_of_crypto_is_the_utc_day(stream: list[Trade]) -> None:
    candles = minutes([trade for trade in stream if trade.asset_class == "crypto"])
    for day in rollup_days(candles, CRYPTO.hours):
        assert day.start == partition_day(day.candle.open_key.timestamp_ms)


def test_a_week_of_forex_starts_on_sunday_evening() -> None:
    sunday, monday = (minute_at(new_york_ms(text)) for text in ("2026-11-22T17:00", "2026-11-23T12:00"))
    days = rollup_days([sunday, monday], FOREX.hours)
    assert [(day.start, day.candle.trade_count) for day in days] == [(date(2026, 11, 23), 2)]
    assert [week.start for week in rollup_period(days, Period.WEEK)] == [date(2026, 11, 23)]


def test_the_day_of_an_early_close_ends_at_one() -> None:
    before, after = (minute_at(new_york_ms(text)) for text in ("2026-11-27T12:59", "2026-11-27T13:00"))
    regular, extended = (rollup_days([before, after], NYSE.hours, hours) for hours in DayHours)
    assert [day.candle.trade_count for day in regular] == [1]
    assert [day.candle.trade_count for day in extended] == [2]


def test_a_candle_outside_every_day_belongs_to_none() -> None:
    assert rollup_days([minute_at(new_york_ms("2026-11-26T12:00"))], NYSE.hours) == []


@pytest.mark.parametrize("window_ms", [MINUTE_MS // 2, MINUTE_MS + 1, 90_000])
def test_a_length_that_is_no_multiple_is_refused(window_ms: int) -> None:
    with pytest.raises(ValueError, match="do not make up windows"):
        rollup([minute_at(to_ms(datetime(2026, 11, 27, tzinfo=UTC)))], window_ms)


@pytest.mark.parametrize(
    ("period", "start"),
    [(Period.DAY, date(2026, 11, 27)), (Period.WEEK, date(2026, 11, 23)), (Period.MONTH, date(2026, 11, 1))],
)
def test_a_period_starts_on_its_first_day(period: Period, start: date) -> None:
    assert period_start(date(2026, 11, 27), period) == start


def test_windows_are_aligned_to_the_epoch() -> None:
    moment_ms = to_ms(datetime(2026, 11, 27, 14, 44, tzinfo=UTC))
    (candle,) = rollup([minute_at(moment_ms)], 15 * MINUTE_MS)
    assert candle.window_start_ms == window_start_ms(moment_ms, 15 * MINUTE_MS) == moment_ms - 14 * MINUTE_MS
    assert timedelta(milliseconds=candle.window_ms) == timedelta(minutes=15)
