"""Laws of the official open and close of a day."""

import random
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.official_prices import OfficialPrice, OfficialPrices, PriceSource, official_prices
from domain.trade import Trade
from tests.support import strategies

codes = st.lists(st.sampled_from(["1", "16", "18", "19", "20", "35", "36"]), max_size=3).map(tuple)
tapes = st.lists(
    st.builds(
        lambda trade, conditions: attrs.evolve(trade, conditions=conditions),
        strategies.trades(symbol=st.just("AAPL")),
        codes,
    ),
    max_size=20,
)


def trade(second: int, *conditions: str, **changes: object) -> Trade:
    """A print of AAPL; its price is the second."""
    made = Trade(
        symbol="AAPL",
        price=Decimal(second),
        volume=Decimal(1),
        timestamp_ms=strategies.T0_MS + second * 1_000,
        trade_id="0000-00000000",
        conditions=conditions,
        received_ms=strategies.T0_MS + second * 1_000,
        venue="US",
        asset_class="stock",
    )
    return attrs.evolve(made, **changes)  # type: ignore[arg-type]


def price(found: OfficialPrice | None) -> tuple[int, str] | None:
    return None if found is None else (int(found.key.price), str(found.source))


@pytest.mark.parametrize("code", ["18", "19"])
def test_the_opening_auction_stands_in_for_an_official_open(code: str) -> None:
    assert price(official_prices([trade(1, code), trade(2)]).open) == (1, "auction")
    assert price(official_prices([trade(1, code), trade(2, "20"), trade(3, code)]).open) == (2, "official")
    assert official_prices([trade(1, code)]).close is None


@pytest.mark.parametrize("code", ["35", "36"])
def test_the_closing_auction_stands_in_for_an_official_close(code: str) -> None:
    assert price(official_prices([trade(1, code), trade(2)]).close) == (1, "auction")
    assert price(official_prices([trade(1, code), trade(2, "16"), trade(3, code)]).close) == (2, "official")
    assert official_prices([trade(1, code)]).open is None


def test_a_later_official_price_replaces_an_earlier_one() -> None:
    tape = [trade(1, "20"), trade(5, "16"), trade(9_000, "16", "1"), trade(8_000, "20")]
    found = official_prices(tape)
    assert (price(found.open), price(found.close)) == ((8_000, "official"), (9_000, "official"))


def test_without_such_a_print_there_is_none() -> None:
    found = official_prices([trade(1), trade(2, "1", "12", "99")])
    assert (found, found.open, found.close) == (OfficialPrices(), None, None)


@pytest.mark.parametrize(
    "changes", [{"asset_class": "crypto", "venue": "BINANCE"}, {"venue": "HK"}, {"asset_class": "forex"}]
)
def test_codes_of_other_markets_mean_nothing(changes: dict[str, object]) -> None:
    assert official_prices([trade(1, "20", "16", "18", "36", **changes)]) == OfficialPrices()


@given(tape=tapes, seed=st.integers())
def test_the_order_of_the_trades_changes_nothing(tape: list[Trade], seed: int) -> None:
    assert official_prices(random.Random(seed).sample(tape, len(tape))) == official_prices(tape)


@given(a=tapes, b=tapes, c=tapes)
def test_merging_is_associative_and_repetition_changes_nothing(a: list[Trade], b: list[Trade], c: list[Trade]) -> None:
    x, y, z = map(official_prices, (a, b, c))
    assert x.merge(y).merge(z) == x.merge(y.merge(z)) == official_prices([*a, *b, *c])
    assert x.merge(x) == x


@given(tape=tapes)
def test_an_auction_counts_only_where_no_official_price_is(tape: list[Trade]) -> None:
    found = official_prices(tape)
    for side, code in ((found.open, "20"), (found.close, "16")):
        if side is not None:
            assert (side.source is PriceSource.OFFICIAL) == any(code in each.conditions for each in tape)
