"""Twins of `domain.validation`: the rules about values of the right types, in the same order; the first that fails is the reason.

A reason is its name as a string, null if all rules hold. Whether fields exist and numbers are finite is not checked here: the pattern of a record
(`record.py`) admits nothing else.
"""

from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812

from domain.decimals import NOTIONAL_LIMIT, PRICE_LIMIT, SCALE, VOLUME_LIMIT
from domain.rejection import Reason
from domain.rules import Rules
from domain.validation import MAX_SYMBOL_LENGTH
from domain.window import EARLIEST_MS, LATEST_MS

from .decimals import has_more_decimals, multiply


def check(
    symbol: Column,
    is_fast_path: Column,
    price: Column,
    volume: Column,
    timestamp_ms: Column,
    *,
    now_ms: Column,
    rules: Rules,
) -> Column:
    """Return the reason why a trade is rejected, null if it is valid; times in milliseconds.

    Where `is_fast_path`, price and volume are known to be within the rules (`decimals.is_fast_path_amount`); elsewhere they are WIDE decimals.
    """
    times = (
        (Reason.TOO_OLD, (timestamp_ms < EARLIEST_MS) | (timestamp_ms < now_ms - rules.max_age_ms)),
        (Reason.IN_FUTURE, (timestamp_ms > LATEST_MS) | (timestamp_ms > now_ms + rules.future_tolerance_ms)),
    )
    amounts = (
        (Reason.PRICE_NOT_POSITIVE, price <= 0),
        (Reason.NEGATIVE_VOLUME, volume < 0),
        (Reason.TOO_PRECISE, has_more_decimals(price, SCALE)),
        (Reason.TOO_LARGE, price >= PRICE_LIMIT),
        (Reason.TOO_PRECISE, has_more_decimals(volume, SCALE)),
        (Reason.TOO_LARGE, volume >= VOLUME_LIMIT),
        # After the limits of both factors, so that they fit their types.
        (Reason.TOO_LARGE, multiply(price, volume) >= NOTIONAL_LIMIT),
    )
    return (
        first_that_fails((Reason.BAD_SYMBOL, ~is_symbol(symbol)))
        .when(is_fast_path, first_that_fails(*times))
        .otherwise(first_that_fails(*amounts, *times))
    )


def is_symbol(text: Column) -> Column:
    """Return whether a text is a valid symbol. The pattern of a record admits only valid characters, so length and blanks at the ends decide."""
    return F.octet_length(text).between(1, MAX_SYMBOL_LENGTH) & ~text.startswith(" ") & ~text.endswith(" ")


def first_that_fails(*rules: tuple[Reason, Column]) -> Column:
    """Return the reason of the first rule whose column, "this is wrong", is true; later ones are then not evaluated."""
    (reason, wrong), *others = rules
    start = F.when(wrong, F.lit(reason.value))
    return reduce(lambda chain, rule: chain.when(rule[1], F.lit(rule[0].value)), others, start)


def whole(pattern: str) -> str:
    r"""Return a pattern that matches whole texts in Java, as `fullmatch` does in Python: `rlike` searches, and `$` also matches before a line end."""
    return rf"\A(?:{pattern})\z"
