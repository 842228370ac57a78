"""Twins of `domain.decimals`: exact decimals within Spark's 38 digits.

- A number of a record is read as WIDE, which holds every number that the record's pattern admits, so that it is judged as written
  and neither rounded nor turned into null.
- A valid price, volume and their product have the types below; a product of a PRICE and a VOLUME is a NOTIONAL by Spark's own typing.
- A sum of notionals stays a NOTIONAL: ten million of the largest trades fit. A sum of volumes has 10 digits more than a VOLUME.
"""

from typing import Final

from pyspark.sql import Column
from pyspark.sql.types import DecimalType

from domain.decimals import NOTIONAL_PRECISION, NOTIONAL_SCALE, PRICE_PRECISION, SCALE, VOLUME_PRECISION

WIDE: Final = DecimalType(38, 18)
PRICE: Final = DecimalType(PRICE_PRECISION, SCALE)
VOLUME: Final = DecimalType(VOLUME_PRECISION, SCALE)
NOTIONAL: Final = DecimalType(NOTIONAL_PRECISION, NOTIONAL_SCALE)
VOLUME_SUM: Final = DecimalType(VOLUME_PRECISION + 10, SCALE)
"""What Spark makes of `sum` of a VOLUME."""


def multiply(price: Column, volume: Column) -> Column:
    """Multiply a PRICE by a VOLUME, exactly: 18 and 19 digits and one more are 38."""
    return price.cast(PRICE) * volume.cast(VOLUME)


def has_more_decimals(value: Column, scale: int) -> Column:
    """Say whether a WIDE value needs more decimals than `scale`; zeros at its end say nothing. Twin of `decimals(value) > scale`.

    It does when rounding changes it. (A remainder says the same, and took a third of all the CPU of folding candles.)
    """
    # With as many integer digits as WIDE has, so that the two are compared as WIDE; null where rounding carries over into one more.
    rounded = value.cast(DecimalType(WIDE.precision - WIDE.scale + scale, scale))
    return ~value.eqNullSafe(rounded)


def ratio(numerator: Column, denominator: Column) -> Column:
    """Divide a NOTIONAL by a VOLUME_SUM that is not 0, rounded half up to 8 decimals. The quotient is below the limit of a price.

    Spark gives this division the type decimal(38,8): 22 + 8 digits before the point, the rest after it. It computes 39 decimals first,
    rounded half up, and then 8. The first rounding never makes a tie of what is none: a quotient by d units of 1e-8 is at least
    1/(2e8 d) away from a tie that it does not hit, which is above 0.5e-37 for the 29 digits of d.
    Holds for `spark.sql.decimalOperations.allowPrecisionLoss=true`, which is Spark's default.
    """
    return (numerator.cast(NOTIONAL) / denominator.cast(VOLUME_SUM)).cast(PRICE)
