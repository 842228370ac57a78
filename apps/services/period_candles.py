"""Candles of days, weeks and months of one symbol, each with the status of all its trading days together."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import attrs

from domain.gaps import CandleStatus
from domain.rollup import DayHours, Period, PeriodCandle, hours_bounds, period_end
from ports.candle_store import CandleStore
from ports.event_store import EventStore
from ports.trading_calendar import TradingCalendar

from .coverage import Coverage
from .rollup_reader import read_periods


@attrs.frozen(kw_only=True)
class PeriodCandles:
    """Reads a symbol's longer candles by the calendar of its market."""

    candles: CandleStore
    events: EventStore | None
    calendar: TradingCalendar
    symbol: str
    hours: DayHours
    now_ms: int

    def read(self, start_ms: int, end_ms: int, period: Period) -> Sequence[tuple[PeriodCandle, CandleStatus | None]]:
        """Return the candles of the periods that begin on a date in [start_ms, end_ms), oldest first, and their status. Raise StoreError.

        The status is None where nothing is on record of the symbol.
        """
        found = read_periods(
            self.candles, self.calendar, self.symbol, start_ms, end_ms, period=period, hours=self.hours
        )
        if not found or self.events is None:
            return [(candle, None) for candle in found]
        first_ms = min(start for candle in found for start, _ in self._sessions(candle))
        last_ms = max(end for candle in found for _, end in self._sessions(candle))
        coverage = Coverage.read(self.events, self.symbol, first_ms, last_ms, now_ms=self.now_ms)
        return [
            (
                candle,
                coverage.status_of_windows(
                    self._sessions(candle), trades=candle.candle.trade_count + candle.candle.update_count
                ),
            )
            for candle in found
        ]

    def _sessions(self, candle: PeriodCandle) -> Iterator[tuple[int, int]]:
        """Yield the start and the end of each trading day of a period."""
        day: date = candle.start
        while day < period_end(candle.start, candle.period):
            trading_day = self.calendar.hours(day)
            if trading_day is not None:
                yield hours_bounds(trading_day, self.hours)
            day += timedelta(days=1)
