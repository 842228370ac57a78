"""Exact decimal arithmetic for prices, volumes and the figures computed from them.

Prices have at most 8 decimals and 10 integer digits, volumes 8 decimals and 11 integer digits. Their product then fits 38 digits with
16 decimals exactly, which is the widest decimal that Spark has, and no sum of a window can overflow it (see `NOTIONAL_LIMIT`).
Nothing here ever rounds, except `ratio`, which says how.
"""

from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Final

SCALE: Final = 8
"""Decimals of a price, a volume and a vwap."""
PRICE_PRECISION: Final = 18
VOLUME_PRECISION: Final = 19
NOTIONAL_PRECISION: Final = 38
NOTIONAL_SCALE: Final = 2 * SCALE

PRICE_LIMIT: Final = Decimal(10) ** (PRICE_PRECISION - SCALE)
VOLUME_LIMIT: Final = Decimal(10) ** (VOLUME_PRECISION - SCALE)
NOTIONAL_LIMIT: Final = Decimal(10) ** 15
"""Bound of price x volume of one trade: ten million of the largest fit one window's sum of 22 integer digits."""

FAST_PATH_PRICE_DIGITS: Final = 7
FAST_PATH_VOLUME_DIGITS: Final = 8
"""Integer digits of a price and a volume on the fast path of the validation, in Python and in Spark: their product is far below `NOTIONAL_LIMIT`."""

ZERO: Final = Decimal(0)

# The default context rounds to 28 digits without an error. This one is wide enough for any sum, and raises where it is not.
_EXACT: Final = Context(prec=96, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact, InvalidOperation, Overflow])


def add(a: Decimal, b: Decimal) -> Decimal:
    """Add without rounding."""
    return _EXACT.add(a, b)


def multiply(a: Decimal, b: Decimal) -> Decimal:
    """Multiply without rounding."""
    return _EXACT.multiply(a, b)


def multiply_add(a: Decimal, b: Decimal, c: Decimal) -> Decimal:
    """Compute a x b + c without rounding."""
    return _EXACT.fma(a, b, c)


def ratio(numerator: Decimal, denominator: Decimal) -> Decimal:
    """Divide two non-negative decimals, rounded half up to `SCALE` decimals; the denominator is positive.

    Whole-number arithmetic, so that there is one rounding and not two.
    """
    n = int(_EXACT.scaleb(numerator, NOTIONAL_SCALE + SCALE))
    d = int(_EXACT.scaleb(denominator, NOTIONAL_SCALE))
    return _EXACT.scaleb(Decimal((2 * n + d) // (2 * d)), -SCALE)


def decimals(value: Decimal) -> int:
    """Return the number of decimals that a finite value needs: 1 for 1.50, because its last zero adds nothing."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or exponent >= 0 or not value:
        return 0
    trailing = next(i for i, digit in enumerate(reversed(digits)) if digit)
    return max(0, -exponent - trailing)


def needs_more_decimals(value: Decimal, scale: int) -> bool:
    """Return whether a finite value needs more decimals than `scale`: 1.500 does not need more than 1."""
    exponent = value.as_tuple().exponent
    # Most values are written with few enough decimals. Then the zeros at the end need not be counted.
    return isinstance(exponent, int) and exponent < -scale and decimals(value) > scale


def plain(value: Decimal) -> str:
    """Return a finite value as digits: no exponent, no trailing zeros, no sign on zero. Equal values have equal texts."""
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    if text[-1] == "0" and "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
