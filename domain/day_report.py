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
from typing import Final, Self

import attrs

from .day_summary import DaySummary, StoredCandles, SymbolDay
from .gaps import Spans, gaps
from .rejection import is_suspect
from .session import CoverageSpan

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
    """Trades that came twice and were dropped by the intake; None where nothing is on record."""
    corrections: int | None = None
    """Stored candles that a reconciliation has corrected; None where it is not known."""

    @classmethod
    def of(
        cls,
        summary: DaySummary,
        day: SymbolDay,
        *,
        rejected: Mapping[str, int] | None = None,
        redelivered: int | None = None,
        corrections: int | None = None,
    ) -> Self:
        """Return the report of a day from what is stored of it."""
        return cls(
            symbol=day.symbol,
            day=day.day,
            end_ms=day.end_ms,
            coverage=ExpectedCoverage.of(day.expected, day.covered),
            trades=summary.trades,
            updates=summary.updates,
            unknown_conditions=summary.unknown_conditions,
            stored=summary.stored,
            rejected=rejected,
            redelivered=redelivered,
            corrections=corrections,
        )

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


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict; `missing` if there is none at all."""
    return max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.MISSING)
