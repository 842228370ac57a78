"""Twin of `domain.eligibility`: which parts of a candle a trade may set, as one small number a trade.

Conditions are judged as the text in which a record has them, `"1","12"`: each question is whether all of its codes are of some set, which is one
short regular expression. Most trades have no conditions, or none that forbids anything, and need no second question. The session is asked for only
where it makes a difference.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import add, or_
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from domain.conditions import ConditionTable, PriceRule
from domain.eligibility import TABLES, Eligibility
from domain.market import AssetClass
from domain.trading_session import TradingHours

from .extended_hours import is_extended

ELIGIBILITY: Final = "_eligibility"
"""The column of trades: the sum of those of the numbers below that apply."""

SETS_OPEN_CLOSE: Final = 1
SETS_HIGH_LOW: Final = 2
COUNTS_IN_VOLUME: Final = 4
HAS_UNKNOWN_CODE: Final = 8
_FULLY: Final = SETS_OPEN_CLOSE + SETS_HIGH_LOW + COUNTS_IN_VOLUME


def has(eligibility: Column, flag: int) -> Column:
    """Return whether an eligibility has this flag."""
    return eligibility.bitwiseAND(flag) != 0


def flags_of(eligibility: Eligibility) -> int:
    """Return the number for a value of the domain."""
    flags = (SETS_OPEN_CLOSE, SETS_HIGH_LOW, COUNTS_IN_VOLUME, HAS_UNKNOWN_CODE)
    return sum(flag for flag, applies in zip(flags, eligibility, strict=True) if applies)


def judge_records(
    decoded: DataFrame, trading_days: Sequence[TradingHours], tables: Mapping[str, ConditionTable] = TABLES
) -> DataFrame:
    """Add ELIGIBILITY to what `record.decode` read."""
    return decoded.withColumn(ELIGIBILITY, _judge(F.col("conditions"), F.col("timestamp_ms"), trading_days, tables))


def judge_rows(
    rows: DataFrame, trading_days: Sequence[TradingHours], tables: Mapping[str, ConditionTable] = TABLES
) -> DataFrame:
    """Add ELIGIBILITY to rows of `trades_v2`."""
    return rows.withColumn(ELIGIBILITY, _judge(text_of("conditions"), F.unix_millis("timestamp"), trading_days, tables))


def text_of(conditions: str) -> Column:
    """Write an array of conditions as a record does."""
    joined = F.concat(F.lit('"'), F.array_join(conditions, '","'), F.lit('"'))
    return F.when(F.size(conditions) > 0, joined).otherwise("")


def has_unknown_code(text: Column, tables: Mapping[str, ConditionTable] = TABLES) -> Column:
    """Return whether a stock's trade has a condition whose meaning is not known."""
    cases = [_is_of(venue) & (text != "") & ~_all_are(text, _known(table)) for venue, table in tables.items()]
    return reduce(or_, cases, F.lit(False))


def _judge(
    text: Column, timestamp_ms: Column, trading_days: Sequence[TradingHours], tables: Mapping[str, ConditionTable]
) -> Column:
    extended = is_extended(timestamp_ms, trading_days)
    start = F.when(text == "", _FULLY)
    by_venue = ((_is_of(venue), _judge_by(text, extended, table)) for venue, table in tables.items())
    chain = reduce(lambda chain, case: chain.when(*case), by_venue, start)
    return chain.otherwise(_FULLY).cast("tinyint")


def _is_of(venue: str) -> Column:
    return (F.col("asset_class") == AssetClass.STOCK.value) & (F.col("venue") == venue)


def _judge_by(text: Column, extended: Column, table: ConditionTable) -> Column:
    """Judge the conditions of a stock. The three usual cases come first, each at the price of one question; the last one answers all others."""
    rules = table.values()
    counted = [rule for rule in rules if rule.counts_in_volume]
    fully, at_times, never = (
        [rule.code for rule in counted if rule.sets_open_close == rule.sets_high_low == when]
        for when in (PriceRule.YES, PriceRule.EXTENDED, PriceRule.NO)
    )
    return (
        F.when(_all_are(text, _any_of(fully)), _FULLY)
        .when(_all_are(text, _any_of([*fully, *never])), COUNTS_IN_VOLUME)
        .when(_all_are(text, _any_of([*fully, *at_times])), F.when(extended, _FULLY).otherwise(COUNTS_IN_VOLUME))
        .otherwise(_flags(text, extended, table))
    )


def _flags(text: Column, extended: Column, table: ConditionTable) -> Column:
    rules = table.values()
    uncounted = _any_of(rule.code for rule in rules if not rule.counts_in_volume)

    def sets_price(rule_of: Mapping[str, PriceRule]) -> Column:
        always = _any_of(code for code, rule in rule_of.items() if rule is PriceRule.YES)
        at_times = _any_of(code for code, rule in rule_of.items() if rule <= PriceRule.EXTENDED)
        return _all_are(text, always) | (_all_are(text, at_times) & extended)

    flags = (
        (SETS_OPEN_CLOSE, sets_price({rule.code: rule.sets_open_close for rule in rules})),
        (SETS_HIGH_LOW, sets_price({rule.code: rule.sets_high_low for rule in rules})),
        (COUNTS_IN_VOLUME, _all_are(text, rf'(?!{uncounted}")[^"]*')),
        (HAS_UNKNOWN_CODE, ~_all_are(text, _known(table))),
    )
    return reduce(add, [F.when(applies, flag).otherwise(0) for flag, applies in flags])


def _known(table: ConditionTable) -> str:
    return _any_of(
        rule.code for rule in table.values() if PriceRule.UNKNOWN not in (rule.sets_open_close, rule.sets_high_low)
    )


def _any_of(codes: Iterable[str]) -> str:
    """Return a pattern for one of the codes. Codes that differ in their last character share a class, which Java finds faster than each in turn."""
    endings: dict[str, list[str]] = {}
    for code in codes:
        endings.setdefault(code[:-1], []).append(code[-1:])
    patterns = [f"{re.escape(start)}{_one_of(characters)}" for start, characters in endings.items()]
    # Without a code, a pattern that matches nothing, since the empty code is one.
    return f"(?:{'|'.join(patterns) if patterns else '(?!)'})"


def _one_of(characters: Sequence[str]) -> str:
    """Return a pattern for one of some characters; an empty one may be missing."""
    some = re.escape("".join(characters))
    return f"[{some}]{'?' if '' in characters else ''}" if some else ""


def _all_are(text: Column, code: str) -> Column:
    # Possessive, as no code can be split in two ways.
    return text.rlike(rf'\A(?:"{code}"(?:,|\z))*+\z')
