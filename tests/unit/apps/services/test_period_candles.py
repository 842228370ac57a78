"""Candles of days, weeks and months out of days that are stored for good, and of minutes where none are."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import attrs
import pytest

from adapters.exchange_calendar.markets import NYSE, calendar_of_symbol
from adapters.memory.daily_candle_store import MemoryDailyCandleStore
from adapters.memory.event_store import MemoryEventStore
from adapters.memory.stores import MemoryCandleStore
from apps.services.period_candles import FoundPeriod, PeriodCandles
from domain.candle import Candle
from domain.daily_candle import DailyCandle
from domain.gaps import CandleStatus
from domain.official_prices import OfficialPrice, PriceSource
from domain.rollup import DayHours, Period, hours_bounds, merge_within
from domain.session import SessionEvent, SessionEventKind
from domain.trade import TradeKey
from domain.window import MINUTE_MS, to_ms
from ports.candle_store import CandleStore

from .test_rollup_reader import minutes, stored, trade

NOW_MS = to_ms(datetime.fromisoformat("2026-12-10T00:00+00:00"))
FRIDAY = date(2026, 11, 27)


def read(
    store: CandleStore,
    start_ms: int,
    end_ms: int,
    period: Period = Period.DAY,
    *,
    symbol: str = "AAPL",
    hours: DayHours = DayHours.REGULAR,
    daily: MemoryDailyCandleStore | None = None,
    events: MemoryEventStore | None = None,
) -> list[FoundPeriod]:
    reader = PeriodCandles(
        candles=store,
        daily=daily,
        events=events,
        calendar=calendar_of_symbol(symbol),
        symbol=symbol,
        hours=hours,
        now_ms=NOW_MS,
    )
    return list(reader.read(start_ms, end_ms, period))


def midnight(day: date) -> int:
    return to_ms(datetime.fromisoformat(f"{day}T00:00+00:00"))


def kept(*texts: str, price: int = 7, hours: DayHours = DayHours.REGULAR, missing_ms: int = 0) -> DailyCandle:
    """A stored day of trades at these times in New York; no minute of it is stored."""
    day = date.fromisoformat(texts[0][:10])
    trading_day = NYSE.hours(day)
    assert trading_day is not None
    start_ms, end_ms = hours_bounds(trading_day, hours)
    candle = merge_within(minutes(*(trade(text, price) for text in texts)), start_ms, end_ms)
    assert candle is not None
    expected_ms = end_ms - start_ms
    return DailyCandle(
        day=day,
        hours=hours,
        candle=candle,
        official_open=None,
        official_close=None,
        expected_ms=expected_ms,
        covered_ms=expected_ms - missing_ms,
    )


def days_of(*candles: DailyCandle) -> MemoryDailyCandleStore:
    store = MemoryDailyCandleStore()
    store.write(candles)
    return store


def received(first: date, last: date) -> MemoryEventStore:
    """The events of a producer that received the symbol from the first day on until after the regular hours of the last one."""
    events = MemoryEventStore()
    end_ms = midnight(last) + 21 * 3_600_000 + MINUTE_MS
    kind = SessionEventKind.STOPPED
    symbols = {"AAPL": midnight(first)}
    events.write([SessionEvent(instance="p", session="1", kind=kind, at_ms=end_ms, seen_ms=end_ms, symbols=symbols)])
    return events


def test_days_weeks_and_months_begin_in_the_span() -> None:
    store = stored(
        minutes(trade("2026-11-20T10:00"), trade("2026-11-23T10:00"), trade("2026-11-25T15:59"), trade("2026-12-01T09:30"))
    )  # fmt: skip
    start_ms, end_ms = (to_ms(datetime.fromisoformat(f"{day}T00:00+00:00")) for day in ("2026-11-23", "2026-12-02"))

    def starts(period: Period) -> list[date]:
        found = read(store, start_ms, end_ms, period)
        return [one.candle.start for one in found]

    assert starts(Period.DAY) == [date(2026, 11, 23), date(2026, 11, 25), date(2026, 12, 1)]
    assert starts(Period.WEEK) == [date(2026, 11, 23), date(2026, 11, 30)]
    assert starts(Period.MONTH) == [date(2026, 12, 1)]


def test_the_last_period_is_whole_although_the_span_ends_in_it() -> None:
    store = stored(minutes(trade("2026-11-23T10:00", 5), trade("2026-11-27T12:59", 9)))
    start_ms = to_ms(datetime.fromisoformat("2026-11-23T00:00+00:00"))
    [found] = read(store, start_ms, start_ms + 1, Period.WEEK)
    week = found.candle.candle
    assert (week.open, week.close, week.trade_count) == (Decimal(5), Decimal(9), 2)


def test_extended_hours_are_an_argument() -> None:
    store = stored(minutes(trade("2026-11-27T08:00"), trade("2026-11-27T10:00"), trade("2026-11-27T14:00")))
    start_ms = to_ms(datetime.fromisoformat("2026-11-27T00:00+00:00"))
    counts = [
        read(store, start_ms, start_ms + 1, hours=hours)[0].candle.candle.trade_count
        for hours in (DayHours.REGULAR, DayHours.EXTENDED)
    ]
    assert counts == [1, 3]


def test_a_day_of_crypto_ends_at_midnight_utc() -> None:
    before, after = "2026-11-27T18:59", "2026-11-27T19:00"  # 23:59 and 0:00 UTC
    store = stored(minutes(trade(before, symbol="BINANCE:BTCUSDT"), trade(after, symbol="BINANCE:BTCUSDT")))
    start_ms = to_ms(datetime.fromisoformat("2026-11-27T00:00+00:00"))
    days = read(store, start_ms, start_ms + 1, symbol="BINANCE:BTCUSDT")
    assert [(day.candle.start, day.candle.candle.trade_count) for day in days] == [(date(2026, 11, 27), 1)]


def test_a_stored_day_is_read_although_its_minutes_have_expired() -> None:
    [found] = read(stored([]), midnight(FRIDAY), midnight(FRIDAY) + 1, daily=days_of(kept("2026-11-27T10:00")))
    assert (found.candle.start, found.candle.candle.close, found.stored_days) == (FRIDAY, Decimal(7), 1)
    assert found.status is CandleStatus.COMPLETE


def test_the_official_prices_of_a_stored_day_are_those_of_the_day_alone() -> None:
    key = TradeKey(midnight(FRIDAY), "0000-00000000", Decimal(8))
    official = OfficialPrice(key=key, source=PriceSource.AUCTION)
    daily = days_of(attrs.evolve(kept("2026-11-27T10:00"), official_close=official))
    store = stored(minutes(trade("2026-11-24T10:00", 9)))
    monday = midnight(date(2026, 11, 23))
    made, read_back = read(store, monday, midnight(FRIDAY) + 1, daily=daily)
    [week] = read(store, monday, monday + 1, Period.WEEK, daily=daily)
    assert (read_back.official_open, read_back.official_close) == (None, official)
    assert (made.official_close, week.official_close) == (None, None)


def test_a_week_is_made_of_stored_days_and_of_minutes() -> None:
    store = stored(minutes(trade("2026-11-24T10:00", 9)))
    daily = days_of(kept("2026-11-23T10:00", price=5), kept("2026-11-27T10:00", price=6))
    events = received(date(2026, 11, 24), date(2026, 11, 25))
    monday = midnight(date(2026, 11, 23))
    [week] = read(store, monday, monday + 1, Period.WEEK, daily=daily, events=events)
    candle = week.candle.candle
    assert (candle.open, candle.high, candle.close, candle.trade_count) == (Decimal(5), Decimal(9), Decimal(6), 3)
    assert (week.stored_days, week.status) == (2, CandleStatus.COMPLETE)


def test_a_stored_day_replaces_its_minutes() -> None:
    store = stored(minutes(trade("2026-11-27T10:00", 9), trade("2026-11-27T10:01", 9)))
    [found] = read(store, midnight(FRIDAY), midnight(FRIDAY) + 1, daily=days_of(kept("2026-11-27T10:00")))
    assert (found.candle.candle.trade_count, found.candle.candle.high) == (1, Decimal(7))


def test_a_day_that_is_stored_for_other_hours_is_made_from_minutes() -> None:
    store = stored(minutes(trade("2026-11-27T10:00", 9)))
    extended = days_of(kept("2026-11-27T08:00", hours=DayHours.EXTENDED))
    [found] = read(store, midnight(FRIDAY), midnight(FRIDAY) + 1, daily=extended)
    assert (found.candle.candle.high, found.stored_days) == (Decimal(9), 0)


@pytest.mark.parametrize(
    ("missing_ms", "status"), [(0, CandleStatus.COMPLETE), (1, CandleStatus.PARTIAL), (None, None)]
)
def test_the_status_of_a_stored_day_is_from_its_stored_coverage(
    missing_ms: int | None, status: CandleStatus | None
) -> None:
    daily = kept("2026-11-27T10:00", missing_ms=missing_ms or 0)
    daily = daily if missing_ms is not None else attrs.evolve(daily, covered_ms=None)
    start_ms = midnight(FRIDAY)
    [found] = read(stored([]), start_ms, start_ms + 1, daily=days_of(daily), events=MemoryEventStore())
    assert found.status is status


def test_a_gap_on_one_day_makes_the_week_partial() -> None:
    store = stored(minutes(trade("2026-11-24T10:00", 9)))
    monday = midnight(date(2026, 11, 23))
    daily = days_of(kept("2026-11-23T10:00"), kept("2026-11-27T10:00"))
    events = received(date(2026, 11, 25), date(2026, 11, 25))
    [week] = read(store, monday, monday + 1, Period.WEEK, daily=daily, events=events)
    assert week.status is CandleStatus.PARTIAL


def test_minutes_of_a_stored_day_are_not_read() -> None:
    class Expired(MemoryCandleStore):
        def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[Candle]:
            raise AssertionError(f"the minutes of a stored day were read: {symbol} {start_ms} {end_ms} {window_ms}")

    found = read(Expired(), midnight(FRIDAY), midnight(FRIDAY) + MINUTE_MS, daily=days_of(kept("2026-11-27T10:00")))
    assert len(found) == 1
