"""Twins of `domain.decimals`: exact decimals within Spark's 38 digits.

- A number of a record is read as SMALL, or as WIDE if it does not fit. WIDE holds every number that the record's pattern admits, so that the rules see
  the number as written, neither rounded nor null. Nearly all numbers are SMALL, which Spark stores in 8 bytes; a wider number is an object.
- A valid price, volume and their product have the types below; a product of a PRICE and a VOLUME is a NOTIONAL by Spark's own typing.
- A sum of notionals stays a NOTIONAL: ten million of the largest trades fit. A sum of volumes has 10 digits more than a VOLUME.
"""

from decimal import Decimal
from typing import Final

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import DecimalType

from domain.decimals import (
    FAST_PATH_PRICE_DIGITS,
    FAST_PATH_VOLUME_DIGITS,
    NOTIONAL_PRECISION,
    NOTIONAL_SCALE,
    PRICE_PRECISION,
    SCALE,
    VOLUME_PRECISION,
)

WIDE: Final = DecimalType(38, 18)
SMALL: Final = DecimalType(18, SCALE)
PRICE: Final = DecimalType(PRICE_PRECISION, SCALE)
VOLUME: Final = DecimalType(VOLUME_PRECISION, SCALE)
NOTIONAL: Final = DecimalType(NOTIONAL_PRECISION, NOTIONAL_SCALE)
VOLUME_SUM: Final = DecimalType(VOLUME_PRECISION + 10, SCALE)
"""The type of Spark's `sum` of a VOLUME."""


def small_amount(text: Column) -> Column:
    """Return the text of a number as SMALL; null if digits would be lost, or could be."""
    point = F.instr(text, ".")
    has_few_decimals = (point == 0) | (F.octet_length(text) - point <= SCALE)
    return F.when(has_few_decimals, text.cast(SMALL))


def is_fast_path_amount(price: Column, volume: Column) -> Column:
    """Return whether two SMALL numbers are clearly within the rules for price, volume and their product; false if one is null.

    Twin of `domain.validation.fast_path_amount`, with its bounds.
    """
    within = (price > 0) & (price < 10**FAST_PATH_PRICE_DIGITS) & (volume >= 0) & (volume < 10**FAST_PATH_VOLUME_DIGITS)
    return F.coalesce(within, F.lit(False))


def multiply(price: Column, volume: Column) -> Column:
    """Return the exact product of a PRICE and a VOLUME: 18 and 19 digits and one more are 38."""
    return price.cast(PRICE) * volume.cast(VOLUME)


def has_more_decimals(value: Column, scale: int) -> Column:
    """Return whether a WIDE value needs more decimals than `scale`; zeros at its end do not count. Twin of `decimals(value) > scale`.

    A value needs more if rounding changes it. (Computing a remainder instead took a third of the CPU time of folding candles.)
    """
    # With as many integer digits as WIDE has, so that the two are compared as WIDE; null if rounding needs one more.
    rounded = value.cast(DecimalType(WIDE.precision - WIDE.scale + scale, scale))
    return ~value.eqNullSafe(rounded)


def ratio(numerator: Column, denominator: Column) -> Column:
    """Return the quotient of a NOTIONAL and a VOLUME_SUM that is not 0, rounded half up to 8 decimals. It is below the limit of a price.

    The type of this division in Spark is decimal(38,8): 22 + 8 digits before the point, the rest after it. Spark first rounds half up to 39 decimals,
    and then to 8. The first rounding never creates a tie: a quotient by d units of 1e-8 is at least
    1/(2e8 d) away from a tie that it does not hit, which is above 0.5e-37 for the 29 digits of d.
    Holds for `spark.sql.decimalOperations.allowPrecisionLoss=true`, which is Spark's default.
    """
    return (numerator.cast(NOTIONAL) / denominator.cast(VOLUME_SUM)).cast(PRICE)


def plain(value: Column, scale: int) -> Column:
    """Return the text of a decimal that is not negative and has at most `scale` decimals. Twin of `domain.decimals.plain`.

    Spark writes small decimals with an exponent, so whole part and fraction are written apart.
    """
    units = ((value % 1).cast(DecimalType(scale + 1, scale)) * F.lit(Decimal(10**scale))).cast("bigint")
    fraction = F.lpad(units.cast("string"), scale, "0")
    text = F.concat_ws(".", F.floor(value).cast("string"), fraction)
    return F.when(value.isNotNull(), F.regexp_replace(text, r"\.?0+\z", ""))


def add_notionals(a: Column, b: Column) -> Column:
    """Add two NOTIONALs that are not negative, exactly; null where the sum does not fit a NOTIONAL.

    Spark gives the sum of two decimals of 38 digits one decimal less, so whole parts and fractions are added apart and joined as text.
    """
    fraction = a % 1 + b % 1
    carry = F.when(fraction >= 1, 1).otherwise(0)
    whole = F.floor(a) + F.floor(b) + carry
    units = (fraction - carry).cast(DecimalType(NOTIONAL_SCALE + 1, NOTIONAL_SCALE)) * F.lit(
        Decimal(10**NOTIONAL_SCALE)
    )
    decimals = F.lpad(units.cast("bigint").cast("string"), NOTIONAL_SCALE, "0")
    return F.concat_ws(".", whole.cast("string"), decimals).cast(NOTIONAL)
