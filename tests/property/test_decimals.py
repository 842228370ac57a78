from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from domain.decimals import NOTIONAL_SCALE, SCALE, add, decimals, multiply, needs_more_decimals, plain, ratio
from tests.support.strategies import prices, volumes

notionals = st.integers(0, 10**38 - 1).map(lambda n: Decimal(n).scaleb(-NOTIONAL_SCALE))
positive_volumes = volumes.filter(bool)


@given(prices, volumes)
def test_products_are_exact(price: Decimal, volume: Decimal) -> None:
    assert Fraction(multiply(price, volume)) == Fraction(price) * Fraction(volume)


@given(notionals, notionals)
def test_sums_are_exact(a: Decimal, b: Decimal) -> None:
    assert Fraction(add(a, b)) == Fraction(a) + Fraction(b)


@given(notionals, positive_volumes)
def test_a_ratio_is_rounded_half_up_once(notional: Decimal, volume: Decimal) -> None:
    quotient = Fraction(notional) / Fraction(volume)
    ulp = Fraction(1, 10**SCALE)
    result = Fraction(ratio(notional, volume))
    assert result - ulp / 2 <= quotient < result + ulp / 2
    assert decimals(ratio(notional, volume)) <= SCALE


def test_a_tie_is_rounded_up() -> None:
    assert ratio(Decimal("0.00000001"), Decimal(2)) == Decimal("0.00000001")


@given(st.integers(-(10**40), 10**40), st.integers(-30, 30))
def test_plain_text_reads_back_and_is_one_for_equal_values(digits: int, exponent: int) -> None:
    value = Decimal(f"{digits}E{exponent}")
    text = plain(value)
    assert Decimal(text) == value
    assert "E" not in text
    assert plain(Decimal(f"{digits}0E{exponent - 1}")) == text


@given(st.integers(-(10**40), 10**40), st.integers(0, 45))
def test_decimals_are_what_the_value_needs(digits: int, exponent: int) -> None:
    value = Decimal(f"{digits}E-{exponent}")
    needed = decimals(value)
    assert all(needs_more_decimals(value, scale) is (needed > scale) for scale in range(50))
    with localcontext(prec=200):
        assert value.quantize(Decimal(1).scaleb(-needed), rounding=ROUND_HALF_UP) == value
        if needed:
            assert value.quantize(Decimal(1).scaleb(1 - needed), rounding=ROUND_HALF_UP) != value
