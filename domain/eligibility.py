"""Eligibility: which parts of a candle a trade may set.

A trade of a US stock carries sale conditions. Some of them say that its price is not a price of its moment: an average, a derived price, a print out
of sequence, an odd lot. Such a trade counts in the volume and must not set open, high, low or close. The rules for one minute:

1. Each condition has its rules (`domain.conditions`). With several conditions, the strictest rule holds for each field. With none, the trade sets
   every field.
2. Form T (24) sets prices in the pre-market and the post-market alone.
3. A code without a known meaning: the trade sets no price, counts in the volume and is marked, so that a metric can count it.
4. Only stocks are judged, and only those of a venue with a table. Crypto, forex and stocks of other venues set every field: Finnhub documents its
   codes for US stocks alone, and the same number could mean something else elsewhere.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from .conditions import UNKNOWN_CODE, US_CONDITIONS, ConditionTable, PriceRule
from .market import AssetClass
from .trade import Trade
from .trading_session import SessionOf, TradingSession


class Eligibility(NamedTuple):
    """What one trade may set."""

    sets_open_close: bool = True
    sets_high_low: bool = True
    counts_in_volume: bool = True
    has_unknown_code: bool = False
    """Whether one of its conditions has no known meaning."""

    @property
    def counts_in_vwap(self) -> bool:
        """Whether the trade counts in the volume-weighted average price, which then lies between low and high."""
        return self.sets_high_low and self.counts_in_volume


FULLY_ELIGIBLE: Final = Eligibility()
TABLES: Final[Mapping[str, ConditionTable]] = {"US": US_CONDITIONS}
"""Tables of conditions by venue."""

_MOST_REMEMBERED: Final = 4_096

EligibilityOf = Callable[[Trade], Eligibility]
"""Returns what a trade may set."""


def eligibility(
    conditions: Iterable[str], asset_class: str, session: TradingSession, table: ConditionTable = US_CONDITIONS
) -> Eligibility:
    """Return what a trade with these conditions may set in this session. The conditions of anything but a stock have no effect."""
    if asset_class != AssetClass.STOCK:
        return FULLY_ELIGIBLE
    rules = [table.get(code, UNKNOWN_CODE) for code in conditions]
    open_close = max((rule.sets_open_close for rule in rules), default=PriceRule.YES)
    high_low = max((rule.sets_high_low for rule in rules), default=PriceRule.YES)
    found = Eligibility(
        sets_open_close=_allows(open_close, session),
        sets_high_low=_allows(high_low, session),
        counts_in_volume=all(rule.counts_in_volume for rule in rules),
        has_unknown_code=PriceRule.UNKNOWN in (open_close, high_low),
    )
    return FULLY_ELIGIBLE if found == FULLY_ELIGIBLE else found


def _allows(rule: PriceRule, session: TradingSession) -> bool:
    return rule is PriceRule.YES or (rule is PriceRule.EXTENDED and session.is_extended)


def _never_open(_moment_ms: int) -> TradingSession:
    return TradingSession.CLOSED


def eligibility_rules(
    session_of: SessionOf = _never_open, tables: Mapping[str, ConditionTable] = TABLES
) -> EligibilityOf:
    """Return the function that judges trades, each by the table of its venue and the session of its event time.

    Without a calendar no moment belongs to an extended session, so Form T sets no price. Trades repeat few lists of conditions, so the function
    remembers the answer to each list, and a trade costs one look-up.
    """
    known: dict[tuple[tuple[str, ...], str, str], tuple[Eligibility, Eligibility]] = {}

    def judge(conditions: tuple[str, ...], asset_class: str, venue: str) -> tuple[Eligibility, Eligibility]:
        table = tables.get(venue)
        if table is None:
            return FULLY_ELIGIBLE, FULLY_ELIGIBLE
        usual = eligibility(conditions, asset_class, TradingSession.REGULAR, table)
        extended = eligibility(conditions, asset_class, TradingSession.PRE, table)
        return usual, usual if extended == usual else extended

    def eligibility_of(trade: Trade) -> Eligibility:
        conditions = trade.conditions
        if not conditions:
            return FULLY_ELIGIBLE
        key = (conditions, trade.asset_class, trade.venue)
        judged = known.get(key)
        if judged is None:
            judged = judge(*key)
            if len(known) < _MOST_REMEMBERED:
                known[key] = judged
        usual, extended = judged
        if usual is extended:
            return usual
        return extended if session_of(trade.timestamp_ms).is_extended else usual

    return eligibility_of


WITHOUT_CALENDAR: Final = eligibility_rules()
"""The default of a fold: Finnhub's table of US stocks and no extended sessions."""
