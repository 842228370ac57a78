"""The report of a symbol's day out of the stores."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from adapters.exchange_calendar.markets import NYSE, calendar_of_symbol
from adapters.exchange_calendar.nyse import NEW_YORK
from adapters.memory.event_store import MemoryEventStore
from adapters.memory.stores import MemoryCandleStore, MemoryTradeStore
from apps.services.day_report_service import DayReportService, JudgedDay
from apps.services.period_candles import PeriodCandles
from apps.services.rejections import Rejections
from apps.services.stored_day_summaries import StoredDaySummaries
from domain.candle import Candle, fold
from domain.candle_revision import CandleVersion, RevisionReason
from domain.day_report import DayReport, Verdict
from domain.eligibility import eligibility_rules
from domain.market import classify
from domain.official_prices import PriceSource
from domain.rollup import DayHours, Period
from domain.session import CoverageSpan, SessionEvent, SessionEventKind
from domain.trade import Trade
from domain.window import MINUTE_MS, to_ms
from tests.support.revisions import GivenRevisions

DAY = date(2024, 7, 2)
HOLIDAY = date(2024, 7, 4)
EARLY_CLOSE = date(2024, 7, 3)
HOUR_MS = 3_600_000
BTC = "BINANCE:BTCUSDT"
ELIGIBILITY = eligibility_rules(NYSE.session)


def at(text: str, day: date = DAY) -> int:
    """The moment of a New York time of day."""
    return to_ms(datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=NEW_YORK))


def trade(moment_ms: int, symbol: str = "AAPL", *, conditions: tuple[str, ...] = (), number: int = 0) -> Trade:
    market = classify(symbol)
    return Trade(
        symbol=symbol,
        price=Decimal(100 + number),
        volume=Decimal(1),
        timestamp_ms=moment_ms,
        trade_id=f"{number:04d}-00000000",
        conditions=conditions,
        received_ms=moment_ms,
        venue=market.venue,
        asset_class=market.asset_class,
    )


class Site:
    """Stores in memory and the service on them."""

    def __init__(self) -> None:
        self.trades, self.candles, self.events = MemoryTradeStore(), MemoryCandleStore(), MemoryEventStore()
        summaries = StoredDaySummaries(trades=self.trades, candles=self.candles, eligibility_of=ELIGIBILITY)
        self.revisions = GivenRevisions()
        self.service = DayReportService(
            summaries=summaries, events=self.events, revisions=self.revisions, calendar_of=calendar_of_symbol
        )

    def trade(self, *trades: Trade) -> None:
        """Store trades and the candles of them."""
        self.trades.write(trades)
        self.candles.write(fold(trades, MINUTE_MS, ELIGIBILITY).values())

    def cover(self, start_ms: int, end_ms: int, symbol: str = "AAPL") -> None:
        """Record that the symbol was received in [start_ms, end_ms)."""
        self.events.write(
            SessionEvent(
                instance="p",
                session="1",
                kind=SessionEventKind.STOPPED,
                at_ms=end_ms + 1_000 + n,
                seen_ms=end_ms + 1_000,
                symbols={symbol: start_ms},
            )
            for n in range(2)
        )

    def report(
        self,
        symbol: str = "AAPL",
        day: date = DAY,
        *,
        hours: DayHours = DayHours.REGULAR,
        closed_ms: int | None = None,
        rejections: Rejections | None = None,
    ) -> DayReport:
        return self.judge(symbol, day, hours=hours, closed_ms=closed_ms, rejections=rejections).report

    def judge(
        self,
        symbol: str = "AAPL",
        day: date = DAY,
        *,
        hours: DayHours = DayHours.REGULAR,
        closed_ms: int | None = None,
        rejections: Rejections | None = None,
    ) -> JudgedDay:
        now_ms = at("12:00", day + timedelta(days=2))
        [found] = self.service.judge(
            [symbol],
            day,
            hours=hours,
            closed_ms=now_ms if closed_ms is None else closed_ms,
            now_ms=now_ms,
            rejections=rejections,
        )
        return found


@pytest.fixture
def site() -> Site:
    return Site()


def test_a_day_received_in_full_whose_candles_are_those_of_its_trades_is_complete(site: Site) -> None:
    site.cover(at("09:30"), at("16:00"))
    site.trade(trade(at("09:30")), trade(at("15:59:59")))
    found = site.report()
    assert (found.verdict, found.coverage.percent, found.trades) == (Verdict.COMPLETE, Decimal(100), 2)
    assert (found.stored.candles, found.stored.complete, found.stored.partial) == (2, 2, 0)
    assert found.rejected is None
    assert found.redelivered == 0


def test_a_gap_in_the_regular_hours_has_its_times_and_degrades_the_day(site: Site) -> None:
    site.cover(at("09:30"), at("11:00"))
    site.cover(at("11:15"), at("16:00"))
    site.trade(trade(at("10:59:59")), trade(at("11:05")))
    found = site.report()
    assert found.verdict is Verdict.DEGRADED
    assert found.coverage.gaps == [CoverageSpan(at("11:00"), at("11:15"))]
    assert found.coverage.covered_ms == 6 * HOUR_MS + 15 * MINUTE_MS
    assert (found.stored.complete, found.stored.partial) == (1, 1)


def test_a_gap_before_the_market_opens_matters_for_the_extended_hours_alone(site: Site) -> None:
    site.cover(at("09:00"), at("20:00"))
    site.trade(trade(at("09:30")))
    assert site.report().verdict is Verdict.COMPLETE
    extended = site.report(hours=DayHours.EXTENDED)
    assert extended.verdict is Verdict.DEGRADED
    assert extended.coverage.gaps == [CoverageSpan(at("04:00"), at("09:00"))]


def test_nothing_received_and_nothing_stored_on_a_trading_day_is_missing(site: Site) -> None:
    assert site.report().verdict is Verdict.MISSING


def test_nothing_on_a_holiday_is_complete_and_the_early_close_ends_the_expected_hours(site: Site) -> None:
    assert site.report(day=HOLIDAY).verdict is Verdict.COMPLETE
    site.cover(at("09:30", EARLY_CLOSE), at("13:00", EARLY_CLOSE))
    assert site.report(day=EARLY_CLOSE).verdict is Verdict.COMPLETE


def test_crypto_is_expected_all_of_the_utc_day(site: Site) -> None:
    midnight_ms = to_ms(datetime.fromisoformat("2024-07-04T00:00Z"))
    site.cover(midnight_ms, midnight_ms + 24 * HOUR_MS, BTC)
    site.trade(trade(midnight_ms, BTC), trade(midnight_ms + 24 * HOUR_MS - 1, BTC), trade(midnight_ms - 1, BTC))
    found = site.report(BTC, HOLIDAY)
    assert (found.verdict, found.trades, found.coverage.expected_ms) == (Verdict.COMPLETE, 2, 24 * HOUR_MS)


def test_late_trades_and_lost_candles_differ(site: Site) -> None:
    site.cover(at("09:30"), at("16:00"))
    site.trade(trade(at("10:00")), trade(at("10:01")), trade(at("10:02")))
    site.trades.write([trade(at("10:00"), number=1), trade(at("10:00"), number=2), trade(at("10:05"))])
    found = site.report()
    assert (found.verdict, found.stored.late, found.stored.raw_differ) == (Verdict.DEGRADED, 3, 2)


def test_trades_of_the_extended_hours_are_counted_and_judged_by_their_session(site: Site) -> None:
    site.cover(at("04:00"), at("20:00"))
    site.trade(trade(at("04:00"), conditions=("24",)), trade(at("19:59:59"), conditions=("24", "99")))
    found = site.report()
    assert (found.trades, found.unknown_conditions, found.stored.is_equal) == (2, 1, True)


def test_a_day_that_is_not_over_is_reported_up_to_the_last_closed_minute(site: Site) -> None:
    site.cover(at("09:30"), at("12:00"))
    site.trade(trade(at("10:00")))
    site.trades.write([trade(at("12:00"))])
    found = site.report(closed_ms=at("12:00:59"))
    assert (found.verdict, found.trades, found.end_ms) == (Verdict.COMPLETE, 1, at("12:00"))
    before_the_opening = site.report(closed_ms=at("03:00"))
    assert (before_the_opening.verdict, before_the_opening.end_ms) == (Verdict.COMPLETE, at("04:00"))


def test_each_candle_that_a_reconciliation_corrected_is_counted_once(site: Site) -> None:
    site.trade(trade(at("10:00")), trade(at("10:01")), trade(at("10:02")), trade(at("03:00")))
    [night, first, second, third] = site.candles.read("AAPL", at("00:00"), at("20:00"), MINUTE_MS)
    reconcile, late = RevisionReason.RECONCILE, RevisionReason.LATE_TRADES
    site.revisions.found = [
        CandleVersion(candle=first, known_at_ms=1, reason=None),
        CandleVersion(candle=first, known_at_ms=2, reason=reconcile),
        CandleVersion(candle=first, known_at_ms=3, reason=reconcile),
        CandleVersion(candle=second, known_at_ms=2, reason=reconcile),
        CandleVersion(candle=third, known_at_ms=2, reason=late),
        CandleVersion(candle=night, known_at_ms=2, reason=reconcile),
    ]
    assert site.report().corrections == 2


def test_trades_that_came_twice_are_counted_from_the_events_of_the_day(site: Site) -> None:
    kind = SessionEventKind.REDELIVERED
    site.events.write(
        SessionEvent(
            instance="p",
            session="1",
            kind=kind,
            at_ms=moment_ms,
            seen_ms=moment_ms,
            detail="3",
            symbols={"AAPL": moment_ms},
        )
        for moment_ms in (at("03:59"), at("10:00"), at("10:00"), at("11:00"))
    )
    assert site.report().redelivered == 6


def test_rejections_of_the_symbol_and_the_day_are_counted_by_reason(site: Site) -> None:
    site.cover(at("09:30"), at("16:00"))
    found = [
        ("AAPL", "too_old", at("10:00")),
        ("AAPL", "malformed", at("11:00")),
        ("AAPL", "malformed", at("11:00", HOLIDAY)),
        ("MSFT", "malformed", at("11:00")),
    ]
    known = Rejections(known_from_ms=0, found=found)
    assert site.report(rejections=known).rejected == {"too_old": 1, "malformed": 1}
    expired = Rejections(known_from_ms=at("12:00"), found=found)
    assert site.report(rejections=expired).rejected is None


def test_the_candle_of_a_day_has_its_hours_its_official_prices_and_its_coverage(site: Site) -> None:
    site.cover(at("09:30"), at("15:00"))
    site.trade(
        trade(at("09:29"), number=9, conditions=("24",)),
        trade(at("09:30"), number=1, conditions=("18",)),
        trade(at("15:59"), number=2, conditions=("1",)),
        trade(at("16:00"), number=3, conditions=("36",)),
        trade(at("18:30"), number=4, conditions=("16",)),
        trade(at("19:00"), number=5, conditions=("16",)),
    )
    found = site.judge().candle
    assert found is not None
    assert found.candle == read_day(site, DayHours.REGULAR)
    assert (found.candle.open, found.candle.close, found.candle.trade_count) == (Decimal(101), Decimal(102), 2)
    assert found.official_open is not None
    assert found.official_close is not None
    assert (found.official_open.key.price, found.official_open.source) == (Decimal(101), PriceSource.AUCTION)
    assert (found.official_close.key.price, found.official_close.source) == (Decimal(105), PriceSource.OFFICIAL)
    assert (found.expected_ms, found.covered_ms) == (6 * HOUR_MS + 30 * MINUTE_MS, 5 * HOUR_MS + 30 * MINUTE_MS)
    extended = site.judge(hours=DayHours.EXTENDED).candle
    assert extended is not None
    assert extended.candle == read_day(site, DayHours.EXTENDED)
    assert extended.candle.trade_count == 6


def test_a_day_that_is_not_over_and_one_without_trades_in_its_hours_have_no_candle(site: Site) -> None:
    assert site.judge().candle is None
    site.trade(trade(at("04:00")))
    assert site.judge().candle is None
    site.trade(trade(at("10:00")))
    assert site.judge().candle is not None
    assert site.judge(closed_ms=at("19:59:59")).candle is None
    assert site.judge(closed_ms=at("20:00")).candle is not None


def read_day(site: Site, hours: DayHours) -> Candle:
    """The candle of the day as `query candles --window 1d` reads it."""
    start_ms = to_ms(datetime.fromisoformat(f"{DAY}T00:00Z"))
    reader = PeriodCandles(
        candles=site.candles, events=None, calendar=NYSE, symbol="AAPL", hours=hours, now_ms=start_ms + 24 * HOUR_MS
    )
    [found] = reader.read(start_ms, start_ms + 24 * HOUR_MS, Period.DAY)
    return found.candle.candle
