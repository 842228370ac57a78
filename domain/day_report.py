"""The verdict of one symbol's day: what was received, what is stored, and whether both agree. Pure.

1. The day of a symbol is the trading day of its market, extended hours included; without trading hours it is the UTC day. All bounds are whole minutes.
2. The expected hours are those in which trades should come: the regular hours, or by argument the extended ones. A holiday has none.
3. `missing`: hours are expected, none of them are covered, and neither a trade nor a candle is stored.
4. `degraded`: something is wrong or not proven. A gap in the expected hours, an unknown coverage of them, a stored candle that is not the fold of the
   stored trades, or so many rejected trades that somebody should look at the source (`domain.rejection.is_suspect`).
5. `complete`: everything else. A quiet market is complete, and so is a holiday.

More gaps, differences or rejections never improve a verdict, and the order of the trades changes nothing.
"""

import enum
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Final

import attrs

from .candle import Candle, OpenCandle
from .eligibility import WITHOUT_CALENDAR, EligibilityOf
from .gaps import CandleStatus, Spans, gaps, status
from .official_prices import OfficialPrices, is_official
from .rejection import is_suspect
from .session import CoverageSpan
from .trade import Trade
from .window import MINUTE_MS, window_start_ms

_HUNDREDTH: Final = Decimal("0.01")


class Verdict(enum.StrEnum):
    """How good the data of a day is, best first."""

    COMPLETE = "complete"
    DEGRADED = "degraded"
    MISSING = "missing"

    @property
    def rank(self) -> int:
        """0 for the best verdict; a greater rank is worse."""
        return list(Verdict).index(self)


@attrs.frozen(kw_only=True)
class ExpectedCoverage:
    """How much of the expected hours was received. Times in milliseconds since the epoch, UTC."""

    expected: CoverageSpan
    """The expected hours, up to the end of the report; empty on a holiday."""
    gaps: Spans | None
    """The spans of them that no producer covered; None where nothing is on record, as for a replay."""

    @classmethod
    def of(cls, expected: CoverageSpan, covered: Spans | None) -> "ExpectedCoverage":
        """Return the coverage of the expected hours, None for `covered` where nothing is on record."""
        missing = None if covered is None else gaps(covered, expected.start_ms, expected.end_ms)
        return cls(expected=expected, gaps=missing)

    @property
    def expected_ms(self) -> int:
        """The length of the expected hours."""
        return max(0, self.expected.end_ms - self.expected.start_ms)

    @property
    def covered_ms(self) -> int | None:
        """How much of it was received; None where nothing is on record."""
        if self.gaps is None:
            return None
        return self.expected_ms - sum(gap.end_ms - gap.start_ms for gap in self.gaps)

    @property
    def percent(self) -> Decimal | None:
        """The covered share of the expected hours, rounded down to hundredths: 100 has no gap. None where it is not known, and on a holiday."""
        covered_ms = self.covered_ms
        if covered_ms is None or not self.expected_ms:
            return None
        return (Decimal(100 * covered_ms) / self.expected_ms).quantize(_HUNDREDTH, ROUND_DOWN)

    @property
    def is_whole(self) -> bool:
        """Whether it is on record that the symbol was received during all of the expected hours."""
        return not self.expected_ms or (self.gaps is not None and not self.gaps)


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
class DayReport:
    """What is known of one symbol's day."""

    symbol: str
    day: date
    """The date at the market."""
    end_ms: int
    """The report covers the day up to this moment (ms since the epoch, UTC); that of a past day covers all of it."""
    coverage: ExpectedCoverage
    trades: int
    """Stored trades of size."""
    updates: int
    """Stored price updates."""
    unknown_conditions: int
    """Trades with a condition that has no known meaning."""
    stored: StoredCandles
    rejected: Mapping[str, int] | None = None
    """Dead letters of the symbol by reason; None where the dead letters are not known."""
    redelivered: int | None = None
    """None where it is not known: the intake drops trades that came twice, and no store counts them."""

    @property
    def verdict(self) -> Verdict:
        """The verdict, by the rules of this module."""
        anything = self.trades or self.updates or self.stored.candles
        if self.coverage.expected_ms and not self.coverage.covered_ms and not anything:
            return Verdict.MISSING
        rejected = sum((self.rejected or {}).values())
        suspect = is_suspect(accepted=self.trades + self.updates, rejected=rejected)
        is_complete = self.coverage.is_whole and self.stored.is_equal and not suspect
        return Verdict.COMPLETE if is_complete else Verdict.DEGRADED


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


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict; `missing` if there is none at all."""
    return max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.MISSING)


def _count(candle: Candle | None) -> int:
    return 0 if candle is None else candle.trade_count + candle.update_count
