"""What the stores hold of one symbol's day, in numbers: its trades, their candle, and how the stored candles differ from them. Pure.

`DayTally` counts trades one by one. `adapters/spark/day_summaries.py` has the same sums as column expressions, for days of many symbols.
"""

from collections.abc import Iterable
from datetime import date
from typing import Self

import attrs

from .candle import Candle, OpenCandle
from .eligibility import WITHOUT_CALENDAR, EligibilityOf
from .gaps import CandleStatus, Spans, status
from .official_prices import OfficialPrices, is_official
from .rollup import DayHours, hours_bounds, merge_within
from .rules import DAY_MS
from .session import CoverageSpan
from .trade import Trade
from .trading_session import TradingHours
from .window import MINUTE_MS, day_start_ms, window_start_ms


@attrs.frozen(kw_only=True)
class SymbolDay:
    """The bounds of one symbol's day. Times in milliseconds since the epoch, UTC; all are whole minutes, and ends are excluded."""

    symbol: str
    day: date
    """The date at the market."""
    start_ms: int
    end_ms: int
    """The day is judged up to this moment; that of a past day covers all of it."""
    is_over: bool
    hours: CoverageSpan
    """The hours in which trades are expected, those to come included; empty on a holiday."""
    covered: Spans | None = None
    """When the symbol was received; None where nothing is on record."""

    @classmethod
    def of(cls, symbol: str, day: date, trading_day: TradingHours | None, *, hours: DayHours, closed_ms: int) -> Self:
        """Return the day of a symbol, up to the last minute that ended at `closed_ms` or before.

        It is the market's day with extended hours; on a day without trading, None for `trading_day`, it is the UTC day.
        """
        start_ms, day_end_ms = day_start_ms(day), day_start_ms(day) + DAY_MS
        expected = CoverageSpan(start_ms, start_ms)
        if trading_day is not None:
            start_ms, day_end_ms = hours_bounds(trading_day, DayHours.EXTENDED)
            expected = CoverageSpan(*hours_bounds(trading_day, hours))
        end_ms = max(start_ms, min(day_end_ms, window_start_ms(closed_ms, MINUTE_MS)))
        return cls(
            symbol=symbol, day=day, start_ms=start_ms, end_ms=end_ms, is_over=end_ms == day_end_ms, hours=expected
        )

    @property
    def expected(self) -> CoverageSpan:
        """The expected hours, up to the end of what is judged."""
        start_ms, end_ms = self.hours
        return CoverageSpan(start_ms, max(start_ms, min(end_ms, self.end_ms)))


@attrs.frozen(kw_only=True)
class StoredCandles:
    """The stored candles of a day beside the candles of its stored trades. Counts of windows, except `late`."""

    candles: int
    raw_differ: int
    """Windows whose raw view differs, those with a candle on one side alone included."""
    eligible_differ: int
    """Windows whose raw view is equal and whose eligible view differs."""
    late: int
    """Trades and price updates that are stored and not in the stored candle of their window."""
    complete: int | None
    """Stored candles whose window was received in full; None where nothing is on record."""
    partial: int | None
    """Stored candles with a gap in their window."""

    @property
    def is_equal(self) -> bool:
        """Whether each stored candle is the fold of the stored trades."""
        return not self.raw_differ and not self.eligible_differ


@attrs.frozen(kw_only=True)
class DaySummary:
    """The trades of a symbol's day and the stored candles beside them."""

    symbol: str
    trades: int = 0
    """Stored trades of size."""
    updates: int = 0
    """Stored price updates."""
    unknown_conditions: int = 0
    """Trades with a condition that has no known meaning."""
    stored: StoredCandles
    official: OfficialPrices = attrs.field(factory=OfficialPrices)
    candle: Candle | None = None
    """The candle of the trades in the expected hours, whose window is these hours; None without such a trade."""

    @classmethod
    def empty(cls, day: SymbolDay) -> Self:
        """Return the summary of a day without stored trades and candles."""
        return cls(symbol=day.symbol, stored=compare_candles((), (), day.covered))


class DayTally:
    """Counts a symbol's trades of a day and folds them into 1-minute candles and official prices, in any order. It keeps sums for each minute, and no trade."""

    def __init__(self, eligibility_of: EligibilityOf = WITHOUT_CALENDAR) -> None:
        self._eligibility_of = eligibility_of
        self._open: dict[int, OpenCandle] = {}
        self.trades = 0
        self.updates = 0
        self.unknown_conditions = 0
        self.official = OfficialPrices()

    def add(self, trade: Trade) -> None:
        """Count one more trade of the symbol."""
        eligibility = self._eligibility_of(trade)
        start_ms = window_start_ms(trade.timestamp_ms, MINUTE_MS)
        candle = self._open.get(start_ms)
        if candle is None:
            candle = self._open[start_ms] = OpenCandle((trade.symbol, start_ms, MINUTE_MS))
        candle.add(trade, eligibility)
        self.updates += trade.is_price_update
        self.trades += not trade.is_price_update
        self.unknown_conditions += eligibility.has_unknown_code
        if is_official(trade):
            self.official = self.official.merge(OfficialPrices.of(trade))

    def candles(self) -> list[Candle]:
        """Return the 1-minute candles of the trades so far, oldest first."""
        return [self._open[start_ms].candle() for start_ms in sorted(self._open)]

    def summary(self, day: SymbolDay, stored: Iterable[Candle]) -> DaySummary:
        """Return the summary of the trades so far and of the stored 1-minute candles of the same day."""
        minutes = self.candles()
        return DaySummary(
            symbol=day.symbol,
            trades=self.trades,
            updates=self.updates,
            unknown_conditions=self.unknown_conditions,
            stored=compare_candles(minutes, stored, day.covered),
            official=self.official,
            candle=merge_within(minutes, day.hours.start_ms, day.hours.end_ms),
        )


def compare_candles(folded: Iterable[Candle], stored: Iterable[Candle], covered: Spans | None) -> StoredCandles:
    """Compare the stored candles of a symbol with the candles of its stored trades; None for `covered` where nothing is on record."""
    computed = {candle.window_start_ms: candle for candle in folded}
    kept = {candle.window_start_ms: candle for candle in stored}
    raw = eligible = late = complete = partial = 0
    for start_ms in computed.keys() | kept.keys():
        ours, theirs = computed.get(start_ms), kept.get(start_ms)
        late += max(0, _count(ours) - _count(theirs))
        if ours is None or theirs is None or ours != attrs.evolve(theirs, eligible=ours.eligible):
            raw += 1
        elif ours.eligible != theirs.eligible:
            eligible += 1
        if theirs is not None and covered is not None:
            is_complete = status(covered, start_ms, theirs.window_end_ms, trades=1) is CandleStatus.COMPLETE
            complete += is_complete
            partial += not is_complete
    return StoredCandles(
        candles=len(kept),
        raw_differ=raw,
        eligible_differ=eligible,
        late=late,
        complete=None if covered is None else complete,
        partial=None if covered is None else partial,
    )


def _count(candle: Candle | None) -> int:
    return 0 if candle is None else candle.trade_count + candle.update_count
