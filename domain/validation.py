"""The rules for a trade, checked in a fixed order; the first rule that fails gives the reason.

1. every field is present and has its type; 2. the symbol is 1 to 64 printable ASCII characters without quotes, backslashes or blanks at its ends;
3. price and volume are finite; 4. the price is positive; 5. the volume is not negative (0 is a price update); 6. at most 8 decimals;
7. price, volume and their product are within `domain.decimals`' limits; 8. not too old, nor before 1970; 9. not in the future, nor after 2286.

These functions are total: no input, however malformed, raises. `adapters/spark/rules.py` has their twins as column expressions.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeGuard

import attrs

from .decimals import (
    FAST_PATH_PRICE_DIGITS,
    FAST_PATH_VOLUME_DIGITS,
    NOTIONAL_LIMIT,
    PRICE_LIMIT,
    SCALE,
    VOLUME_LIMIT,
    ZERO,
    multiply,
    needs_more_decimals,
)
from .rejection import Reason, Rejection
from .rules import Rules
from .window import EARLIEST_MS, LATEST_MS

TEXT_CLASS: Final = r"[ !#-\[\]-~]"
"""Printable ASCII without the double quote and the backslash: what JSON never needs to escape."""
MAX_SYMBOL_LENGTH: Final = 64
SYMBOL_PATTERN: Final = rf"[!#-\[\]-~](?:[ !#-\[\]-~]{{0,{MAX_SYMBOL_LENGTH - 2}}}[!#-\[\]-~])?"
MAX_CONDITIONS: Final = 32
MAX_CONDITION_LENGTH: Final = 16
CONDITION_PATTERN: Final = rf"{TEXT_CLASS}{{0,{MAX_CONDITION_LENGTH}}}"

_symbol = re.compile(SYMBOL_PATTERN, re.ASCII)
_condition = re.compile(CONDITION_PATTERN, re.ASCII)


def _plain_number(integer_digits: int) -> str:
    # No possessive quantifiers: Python before 3.11.5 can match them wrongly, and would then accept a needless zero at the end.
    return rf"(?:0|[1-9][0-9]{{0,{integer_digits - 1}}})(?:\.[0-9]{{0,{SCALE - 1}}}[1-9])?"


_is_fast_path_amount = re.compile(
    rf"{_plain_number(FAST_PATH_PRICE_DIGITS)}\|{_plain_number(FAST_PATH_VOLUME_DIGITS)}", re.ASCII
).fullmatch


def fast_path_amount(price: Decimal, volume: Decimal) -> str | None:
    """Return `price|volume` as `decimals.plain` writes them, for an amount on the fast path; None for any other amount, valid or not.

    An amount is on the fast path if it has no exponent, no sign and no needless zero, at most 8 decimals and the integer digits of the fast path, and a
    price above 0. The trade's id is made of the same text, so one match replaces the checks of each rule.
    """
    text = f"{price!s}|{volume!s}"
    return text if price and _is_fast_path_amount(text) else None


@attrs.frozen(kw_only=True)
class ValidatedTrade:
    """The validated facts of a trade, before it has an identity."""

    symbol: str
    price: Decimal
    volume: Decimal
    timestamp_ms: int
    conditions: tuple[str, ...]


def validate_trade(
    symbol: object,
    price: object,
    volume: object,
    timestamp_ms: object,
    conditions: object,
    *,
    now_ms: int,
    rules: Rules,
) -> ValidatedTrade | Rejection:
    """Return the validated trade of the fields that a feed sent, or the rejection.

    A number may be Decimal, int or float. A float counts by its shortest text, which a feed that prints floats meant. The conditions may be None.
    """
    if not isinstance(symbol, str):
        return _mistyped("symbol", "a string")
    exact_price = _number(price)
    if exact_price is None:
        return _mistyped("price", "a number")
    exact_volume = _number(volume)
    if exact_volume is None:
        return _mistyped("volume", "a number")
    if not isinstance(timestamp_ms, int) or isinstance(timestamp_ms, bool):
        return _mistyped("timestamp", "a whole number of milliseconds")
    codes: object = () if conditions is None else conditions
    if not _are_conditions(codes):
        return _mistyped("conditions", f"at most {MAX_CONDITIONS} strings of at most {MAX_CONDITION_LENGTH} characters")
    rejection = check(symbol, exact_price, exact_volume, timestamp_ms, now_ms=now_ms, rules=rules)
    if rejection is not None:
        return rejection
    # A zero can be written in many ways (-0.0, 0E-8); from here on there is one.
    return ValidatedTrade(
        symbol=symbol,
        price=exact_price,
        volume=exact_volume or ZERO,
        timestamp_ms=timestamp_ms,
        conditions=tuple(codes),
    )


def check(
    symbol: str, price: Decimal, volume: Decimal, timestamp_ms: int, *, now_ms: int, rules: Rules
) -> Rejection | None:
    """Check values of the right types by the rules, in their order. Return None if all rules hold."""
    if is_symbol(symbol) and fast_path_amount(price, volume):
        return _check_time(timestamp_ms, now_ms, rules)
    if not is_symbol(symbol):
        return Rejection(reason=Reason.BAD_SYMBOL, detail="symbol: not 1 to 64 printable ASCII characters")
    if not (price.is_finite() and volume.is_finite()):
        return Rejection(reason=Reason.NOT_FINITE, detail="price or volume: not finite")
    if price <= 0:
        return Rejection(reason=Reason.PRICE_NOT_POSITIVE, detail="price: not above 0")
    if volume < 0:
        return Rejection(reason=Reason.NEGATIVE_VOLUME, detail="volume: below 0")
    return (
        _check_size("price", price, PRICE_LIMIT)
        or _check_size("volume", volume, VOLUME_LIMIT)
        or _check_notional(price, volume)
        or _check_time(timestamp_ms, now_ms, rules)
    )


# A feed has few symbols and repeats them.
@lru_cache(maxsize=16_384)
def is_symbol(text: str) -> bool:
    """Return whether a text is a valid symbol."""
    return _symbol.fullmatch(text) is not None


def _check_size(name: str, value: Decimal, limit: Decimal) -> Rejection | None:
    if needs_more_decimals(value, SCALE):
        return Rejection(reason=Reason.TOO_PRECISE, detail=f"{name}: more than {SCALE} decimals")
    if value >= limit:
        return Rejection(reason=Reason.TOO_LARGE, detail=f"{name}: {limit:.0e} or more")
    return None


def _check_notional(price: Decimal, volume: Decimal) -> Rejection | None:
    if multiply(price, volume) >= NOTIONAL_LIMIT:
        return Rejection(reason=Reason.TOO_LARGE, detail=f"price x volume: {NOTIONAL_LIMIT:.0e} or more")
    return None


def _check_time(timestamp_ms: int, now_ms: int, rules: Rules) -> Rejection | None:
    if timestamp_ms < EARLIEST_MS:
        return Rejection(reason=Reason.TOO_OLD, detail="timestamp: before 1970")
    if timestamp_ms < now_ms - rules.max_age_ms:
        return Rejection(reason=Reason.TOO_OLD, detail=f"timestamp: older than {rules.max_age_ms} ms")
    if timestamp_ms > LATEST_MS:
        return Rejection(reason=Reason.IN_FUTURE, detail="timestamp: after 2286")
    if timestamp_ms > now_ms + rules.future_tolerance_ms:
        return Rejection(reason=Reason.IN_FUTURE, detail=f"timestamp: more than {rules.future_tolerance_ms} ms ahead")
    return None


def _mistyped(field: str, expected: str) -> Rejection:
    return Rejection(reason=Reason.MISSING_OR_MISTYPED, detail=f"{field}: not {expected}")


def _number(value: object) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    return None


def _are_conditions(value: object) -> TypeGuard[Sequence[str]]:
    return (
        isinstance(value, list | tuple)
        and len(value) <= MAX_CONDITIONS
        and all(isinstance(code, str) and _condition.fullmatch(code) for code in value)
    )
