"""Makes the reports and the candles of a day from what is stored: coverage and rejections here, trades and candles by `ports.day_summaries`."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date

import attrs

from domain.candle_revision import RevisionReason
from domain.daily_candle import DailyCandle, daily_candle
from domain.day_report import DayReport
from domain.day_summary import SymbolDay
from domain.gaps import LOOK_AHEAD_MS, covered_spans
from domain.redelivery import redelivered_trades
from domain.rollup import DayHours
from domain.session import SessionEvent
from domain.window import MINUTE_MS
from ports.day_summaries import DaySummaries
from ports.event_store import EventStore
from ports.revision_reader import RevisionReader
from ports.trading_calendar import TradingCalendar

from .rejections import Rejections


@attrs.frozen(kw_only=True)
class JudgedDay:
    """What is known of a symbol's day."""

    report: DayReport
    candle: DailyCandle | None
    """The candle of the stored trades; None for a day that is not over, and for one without a trade in its hours."""


@attrs.frozen(kw_only=True)
class DayReportService:
    """Judges the day of each symbol."""

    summaries: DaySummaries
    events: EventStore
    revisions: RevisionReader
    calendar_of: Callable[[str], TradingCalendar]
    """Returns the calendar of a symbol's market."""

    def judge(
        self,
        symbols: Iterable[str],
        day: date,
        *,
        hours: DayHours,
        closed_ms: int,
        now_ms: int,
        rejections: Rejections | None = None,
    ) -> Iterator[JudgedDay]:
        """Yield the report and the candle of each symbol's day, up to the last minute that ended at `closed_ms` or before. Raise StoreError.

        The expected hours are the regular or the extended `hours` of the market. `rejections` is None where the dead letters are not known.
        """
        days: list[SymbolDay] = []
        redelivered: list[int | None] = []
        for symbol in symbols:
            trading_day = self.calendar_of(symbol).hours(day)
            bounds = SymbolDay.of(symbol, day, trading_day, hours=hours, closed_ms=closed_ms)
            events = self._events(bounds)
            covered = covered_spans(events, symbol, now_ms=now_ms) if events else None
            days.append(attrs.evolve(bounds, covered=covered))
            redelivered.append(redelivered_trades(events, bounds.start_ms, bounds.end_ms) if events else None)
        for symbol_day, twice, summary in zip(days, redelivered, self.summaries.read(days), strict=True):
            rejected = None
            if rejections is not None:
                rejected = rejections.count(symbol_day.symbol, symbol_day.start_ms, symbol_day.end_ms)
            report = DayReport.of(
                summary, symbol_day, rejected=rejected, redelivered=twice, corrections=self._corrections(symbol_day)
            )
            candle = daily_candle(summary, symbol_day, hours=hours, coverage=report.coverage)
            yield JudgedDay(report=report, candle=candle)

    def _corrections(self, day: SymbolDay) -> int:
        """Return how many candles of the day a reconciliation has corrected, each once."""
        revisions = self.revisions.read(day.symbol, day.start_ms, day.end_ms, MINUTE_MS)
        return len({found.candle.window_start_ms for found in revisions if found.reason is RevisionReason.RECONCILE})

    def _events(self, day: SymbolDay) -> list[SessionEvent]:
        return list(self.events.read(day.symbol, day.start_ms, day.end_ms + LOOK_AHEAD_MS))
