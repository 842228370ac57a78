"""Makes the report and the candle of a symbol's day from the stores. It reads the trades once, page by page, and keeps sums for each minute: memory is bounded."""

from collections.abc import Callable
from datetime import date

import attrs

from domain.daily_candle import DailyCandle, daily_candle
from domain.day_report import DayReport, DayTally, ExpectedCoverage, compare_candles
from domain.eligibility import EligibilityOf
from domain.rollup import DayHours, hours_bounds
from domain.rules import DAY_MS
from domain.session import CoverageSpan
from domain.window import MINUTE_MS, day_start_ms, window_start_ms
from ports.candle_store import CandleStore
from ports.event_store import EventStore
from ports.trade_store import TradeStore
from ports.trading_calendar import TradingCalendar

from .coverage import Coverage
from .rejections import Rejections


@attrs.frozen(kw_only=True)
class JudgedDay:
    """What is known of a symbol's day."""

    report: DayReport
    candle: DailyCandle | None
    """The candle of the stored trades; None for a day that is not over, and for one without a trade in its hours."""


@attrs.frozen(kw_only=True)
class DayReportService:
    """Judges days, one symbol at a time."""

    trades: TradeStore
    candles: CandleStore
    events: EventStore
    calendar_of: Callable[[str], TradingCalendar]
    """Returns the calendar of a symbol's market."""
    eligibility_of: EligibilityOf

    def judge(
        self,
        symbol: str,
        day: date,
        *,
        hours: DayHours,
        closed_ms: int,
        now_ms: int,
        rejections: Rejections | None = None,
    ) -> JudgedDay:
        """Return the report and the candle of a symbol's day, up to the last minute that ended at `closed_ms` or before. Raise StoreError.

        The expected hours are the regular or the extended `hours` of the market. `rejections` is None where the dead letters are not known.
        """
        calendar = self.calendar_of(symbol)
        trading_day = calendar.hours(day)
        start_ms, day_end_ms = day_start_ms(day), day_start_ms(day) + DAY_MS
        expected = CoverageSpan(start_ms, start_ms)
        if trading_day is not None:
            start_ms, day_end_ms = hours_bounds(trading_day, DayHours.EXTENDED)
            expected = CoverageSpan(*hours_bounds(trading_day, hours))
        end_ms = max(start_ms, min(day_end_ms, window_start_ms(closed_ms, MINUTE_MS)))
        expected = CoverageSpan(expected.start_ms, max(expected.start_ms, min(expected.end_ms, end_ms)))

        tally = DayTally(self.eligibility_of)
        for trade in self.trades.read(symbol, start_ms, end_ms):
            tally.add(trade)
        coverage = Coverage.read(self.events, symbol, start_ms, end_ms, now_ms=now_ms)
        covered = coverage.seen if coverage.is_known else None
        share = ExpectedCoverage.of(expected, covered)
        minutes = tally.candles()
        report = DayReport(
            symbol=symbol,
            day=day,
            end_ms=end_ms,
            coverage=share,
            trades=tally.trades,
            updates=tally.updates,
            unknown_conditions=tally.unknown_conditions,
            stored=compare_candles(minutes, self.candles.read(symbol, start_ms, end_ms, MINUTE_MS), covered),
            rejected=None if rejections is None else rejections.count(symbol, start_ms, end_ms),
        )
        candle = None
        if end_ms == day_end_ms:
            candle = daily_candle(
                minutes, day, hours_of=calendar.hours, hours=hours, official=tally.official, coverage=share
            )
        return JudgedDay(report=report, candle=candle)
