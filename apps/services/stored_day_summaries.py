"""Summaries of days, read from the stores one symbol after the other and trades page by page. Memory holds sums for each minute of one symbol's day."""

from collections.abc import Iterator, Sequence

import attrs

from domain.day_summary import DaySummary, DayTally, SymbolDay
from domain.eligibility import EligibilityOf
from domain.window import MINUTE_MS
from ports.candle_store import CandleStore
from ports.trade_store import TradeStore


@attrs.frozen(kw_only=True)
class StoredDaySummaries:
    """A `ports.day_summaries.DaySummaries` in one process."""

    trades: TradeStore
    candles: CandleStore
    eligibility_of: EligibilityOf

    def start(self) -> None:
        """Connect the stores."""
        self.trades.start()
        self.candles.start()

    def read(self, days: Sequence[SymbolDay]) -> Iterator[DaySummary]:
        """Yield the summary of each day, in the order of the days. Raise StoreError."""
        for day in days:
            tally = DayTally(self.eligibility_of)
            for trade in self.trades.read(day.symbol, day.start_ms, day.end_ms):
                tally.add(trade)
            yield tally.summary(day, self.candles.read(day.symbol, day.start_ms, day.end_ms, MINUTE_MS))

    def close(self) -> None:
        """Release the connections of the stores."""
        self.trades.close()
        self.candles.close()
