"""Sale conditions: what each code that a feed puts on a trade allows the trade to do to a candle.

The rules are data. `conditions.tsv`, beside this module, has one row for each of Finnhub's codes of US stocks, with the source of its rule.
Another venue is another table with the same columns.
"""

import csv
import enum
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Final

import attrs

from .errors import TapelineError


class PriceRule(enum.IntEnum):
    """When a trade may set a price. A greater value is stricter."""

    YES = 0
    EXTENDED = 1
    """Only in the pre-market and the post-market."""
    NO = 2
    UNKNOWN = 3
    """Never, because the meaning of the code is not known. Such trades are counted."""


@attrs.frozen(kw_only=True)
class Condition:
    """One code and its rules."""

    code: str
    name: str
    sip_letter: str
    """The letter of the US securities information processors for the same condition; `-` where there is none."""
    sets_open_close: PriceRule
    sets_high_low: PriceRule
    counts_in_volume: bool
    confidence: str
    """How sure the match between the code and the letter is: confirmed, high, medium or uncertain."""
    source: str


ConditionTable = Mapping[str, Condition]
"""Conditions by code."""

UNKNOWN_CODE: Final = Condition(
    code="",
    name="a code that is not in the table",
    sip_letter="-",
    sets_open_close=PriceRule.UNKNOWN,
    sets_high_low=PriceRule.UNKNOWN,
    counts_in_volume=True,
    confidence="uncertain",
    source="none",
)


def parse_table(text: str) -> ConditionTable:
    """Return the conditions of a table of tab-separated values; lines that begin with `#` are comments.

    Raise TapelineError if a row is not complete, a value has no meaning or a code comes twice.
    """
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    table: dict[str, Condition] = {}
    for row in csv.DictReader(lines, delimiter="\t", strict=True):
        try:
            condition = _condition(row)
        except (KeyError, AttributeError) as error:
            raise TapelineError(f"a row of the table of conditions is not valid: {row}") from error
        if condition.code in table:
            raise TapelineError(f"the table of conditions has the code {condition.code} twice")
        table[condition.code] = condition
    return MappingProxyType(table)


def _condition(row: Mapping[str, str]) -> Condition:
    return Condition(
        code=row["code"],
        name=row["name"],
        sip_letter=row["sip_letter"],
        sets_open_close=PriceRule[row["sets_open_close"].upper()],
        sets_high_low=PriceRule[row["sets_high_low"].upper()],
        counts_in_volume={"yes": True, "no": False}[row["counts_in_volume"]],
        confidence=row["confidence"],
        source=row["source"],
    )


US_CONDITIONS: Final[ConditionTable] = parse_table((resources.files(__package__) / "conditions.tsv").read_text("utf-8"))
"""Finnhub's codes of US stocks."""
