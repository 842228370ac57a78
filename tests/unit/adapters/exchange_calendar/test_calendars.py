"""The calendars against an independent one, and their laws."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import exchange_calendars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.exchange_calendar.continuous import AlwaysOpenCalendar, ForexCalendar
from adapters.exchange_calendar.markets import calendar_of, is_any_open
from adapters.exchange_calendar.nyse import FIRST_DAY, LAST_DAY, NEW_YORK, NyseCalendar
from domain.rules import DAY_MS
from domain.trading_session import TradingSession
from domain.window import to_datetime, to_ms
from ports.trading_calendar import TradingCalendar

NYSE, FOREX, CRYPTO = NyseCalendar(), ForexCalendar(), AlwaysOpenCalendar()
MOMENTS = st.integers(to_ms(datetime(2000, 1, 2, tzinfo=UTC)), to_ms(datetime(2030, 12, 30, tzinfo=UTC)))
MARKETS: list[TradingCalendar] = [NYSE, FOREX, CRYPTO]


def new_york(text: str) -> int:
    return to_ms(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK))


def days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def test_every_day_has_the_hours_of_an_independent_calendar() -> None:
    other = exchange_calendars.get_calendar("XNYS", start=FIRST_DAY.isoformat(), end=LAST_DAY.isoformat()).schedule
    expected = {
        start.date(): (round(open_.timestamp() * 1000), round(close.timestamp() * 1000))
        for start, open_, close in zip(other.index, other["open"], other["close"], strict=True)
    }
    ours = {
        day: (hours.regular_start_ms, hours.regular_end_ms)
        for day in days(FIRST_DAY, LAST_DAY)
        if (hours := NYSE.hours(day)) is not None
    }
    assert ours == expected


@pytest.mark.parametrize(
    ("moment", "session"),
    [
        ("2018-01-03T03:59:59.999", TradingSession.CLOSED),
        ("2018-01-03T04:00", TradingSession.PRE),
        ("2018-01-03T09:29:59.999", TradingSession.PRE),
        ("2018-01-03T09:30", TradingSession.REGULAR),
        ("2018-01-03T15:59:59.999", TradingSession.REGULAR),
        ("2018-01-03T16:00", TradingSession.POST),
        ("2018-01-03T19:59:59.999", TradingSession.POST),
        ("2018-01-03T20:00", TradingSession.CLOSED),
        ("2026-03-06T09:30", TradingSession.REGULAR),  # the Friday before summer time begins
        ("2026-03-09T09:29:59.999", TradingSession.PRE),  # the Monday after
        ("2026-11-26T12:00", TradingSession.CLOSED),  # Thanksgiving
        ("2026-11-27T12:59:59.999", TradingSession.REGULAR),  # the day after closes at 13:00
        ("2026-11-27T13:00", TradingSession.POST),
        ("2026-11-27T16:59:59.999", TradingSession.POST),
        ("2026-11-27T17:00", TradingSession.CLOSED),
        ("2026-11-28T12:00", TradingSession.CLOSED),  # a Saturday
        ("2031-01-02T12:00", TradingSession.CLOSED),  # not in the table
    ],
)
def test_a_moment_in_new_york_has_its_session(moment: str, session: TradingSession) -> None:
    assert NYSE.session(new_york(moment)) is session


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-27T16:59:59.999", True),  # Friday
        ("2026-11-27T17:00", False),
        ("2026-11-28T12:00", False),
        ("2026-11-29T16:59:59.999", False),  # Sunday
        ("2026-11-29T17:00", True),
    ],
)
def test_forex_trades_from_sunday_to_friday(moment: str, is_open: bool) -> None:
    assert FOREX.session(new_york(moment)) is (TradingSession.REGULAR if is_open else TradingSession.CLOSED)


@pytest.mark.parametrize(
    ("day", "opens", "rolls_over"),
    [
        # Summer time began on 8 March and ended on 1 November 2026; in 2006 it was 2 April and 29 October.
        (date(2026, 3, 6), "14:30", "22:00"),
        (date(2026, 3, 9), "13:30", "21:00"),
        (date(2026, 10, 30), "13:30", "21:00"),
        (date(2026, 11, 2), "14:30", "22:00"),
        (date(2006, 3, 31), "14:30", "22:00"),
        (date(2006, 4, 3), "13:30", "21:00"),
        (date(2006, 10, 30), "14:30", "22:00"),
    ],
)
def test_summer_time_moves_the_sessions_by_an_hour_in_utc(day: date, opens: str, rolls_over: str) -> None:
    stocks, forex = NYSE.hours(day), FOREX.hours(day)
    assert stocks is not None
    assert forex is not None
    assert to_datetime(stocks.regular_start_ms) == datetime.fromisoformat(f"{day}T{opens}Z")
    assert stocks.pre_start_ms == stocks.regular_start_ms - 5 * 3_600_000 - 1_800_000
    assert stocks.post_end_ms == stocks.regular_start_ms + 10 * 3_600_000 + 1_800_000
    assert to_datetime(forex.regular_end_ms) == datetime.fromisoformat(f"{day}T{rolls_over}Z")


@given(MOMENTS)
def test_a_session_is_the_one_of_the_days_hours(moment_ms: int) -> None:
    near = {to_datetime(moment_ms).date() + timedelta(days=n) for n in (-1, 0, 1)}
    for calendar in MARKETS:
        found = {hours.session_at(moment_ms) for day in near if (hours := calendar.hours(day)) is not None}
        assert calendar.session(moment_ms) is next(iter(found - {TradingSession.CLOSED}), TradingSession.CLOSED)


def test_crypto_never_closes_and_its_day_is_the_utc_day() -> None:
    hours = CRYPTO.hours(date(2026, 11, 26))
    assert hours is not None
    assert (hours.regular_start_ms, hours.regular_end_ms) == (1795651200000, 1795651200000 + DAY_MS)


@pytest.mark.parametrize("moment_ms", [-(1 << 62), -(10**15), 10**15, 1 << 62])
def test_a_moment_beyond_every_calendar_has_a_session(moment_ms: int) -> None:
    assert NYSE.session(moment_ms) is FOREX.session(moment_ms) is TradingSession.CLOSED


@pytest.mark.parametrize(
    ("asset_class", "venue", "kind"),
    [("stock", "US", NyseCalendar), ("stock", "L", AlwaysOpenCalendar), ("forex", "OANDA", ForexCalendar), ("crypto", "BINANCE", AlwaysOpenCalendar)],
)  # fmt: skip
def test_each_market_has_its_calendar(asset_class: str, venue: str, kind: type[TradingCalendar]) -> None:
    assert isinstance(calendar_of(asset_class, venue), kind)


@pytest.mark.parametrize(
    ("moment", "symbols", "is_open"),
    [
        ("2026-11-26T12:00", ["AAPL"], False),
        ("2026-11-26T12:00", ["AAPL", "OANDA:EUR_USD"], True),
        ("2026-11-28T12:00", ["AAPL", "OANDA:EUR_USD"], False),
        ("2026-11-28T12:00", ["AAPL", "BINANCE:BTCUSDT"], True),
        ("2026-11-27T12:59", ["AAPL"], True),
        ("2026-11-27T13:00", ["AAPL"], False),
        ("2026-11-27T12:00", [], False),
    ],
)
def test_a_feed_expects_trades_while_one_of_its_markets_is_open(moment: str, symbols: list[str], is_open: bool) -> None:
    assert is_any_open(symbols, new_york(moment)) is is_open
