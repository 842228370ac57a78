"""The eligible view against a model that judges each trade on its own, and its bounds by the raw view."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.candle import Candle, fold
from domain.conditions import US_CONDITIONS, Condition, PriceRule
from domain.eligibility import FULLY_ELIGIBLE, eligibility, eligibility_rules
from domain.trade import Trade
from tests.support.strategies import T0_MS, trades

from .test_candle import SESSIONS, WINDOW_MS, one_window, rules

prices_without_open = {
    **US_CONDITIONS,
    "1": Condition(
        code="1",
        name="sets high and low alone",
        sip_letter="-",
        sets_open_close=PriceRule.NO,
        sets_high_low=PriceRule.YES,
        counts_in_volume=False,
        confidence="",
        source="",
    ),
}


def folded(stream: list[Trade]) -> Candle:
    [candle] = fold(stream, WINDOW_MS, rules).values()
    return candle


@given(one_window, st.sampled_from([US_CONDITIONS, prices_without_open]))
def test_the_view_takes_from_each_trade_what_is_eligible(stream: list[Trade], table: dict[str, Condition]) -> None:
    def judged(trade: Trade) -> tuple[bool, bool, bool, bool]:
        return eligibility(trade.conditions, trade.asset_class, SESSIONS[trade.timestamp_ms % len(SESSIONS)], table)

    rules_of_table = eligibility_rules(lambda ms: SESSIONS[ms % len(SESSIONS)], {"US": table})
    [candle] = fold(stream, WINDOW_MS, rules_of_table).values()
    view = candle.eligible
    keys = [trade.key for trade in stream if judged(trade)[0]]
    prices = [trade.price for trade in stream if judged(trade)[1]]
    counted = [trade for trade in stream if judged(trade)[2]]
    averaged = [trade for trade in counted if judged(trade)[1]]
    assert (view.open_key, view.close_key) == (min(keys, default=None), max(keys, default=None))
    assert (view.low, view.high) == (min(prices, default=None), max(prices, default=None))
    assert Fraction(view.volume) == sum(Fraction(trade.volume) for trade in counted)
    assert view.trade_count == sum(1 for trade in counted if trade.volume)
    assert Fraction(view.vwap_volume) == sum(Fraction(trade.volume) for trade in averaged)
    assert Fraction(view.notional) == sum(Fraction(trade.price) * Fraction(trade.volume) for trade in averaged)


@given(one_window)
def test_the_view_lies_within_the_raw_one(stream: list[Trade]) -> None:
    candle = folded(stream)
    view = candle.eligible
    assert view.volume <= candle.volume
    assert view.trade_count <= candle.trade_count
    assert (view.high is None) == (view.low is None)
    if view.high is not None and view.low is not None:
        assert candle.low <= view.low <= view.high <= candle.high
    for price in (view.open, view.close):
        assert price is None or candle.low <= price <= candle.high


@given(one_window)
def test_the_eligible_vwap_lies_within_the_eligible_prices(stream: list[Trade]) -> None:
    view = folded(stream).eligible
    if view.vwap is None:
        assert not view.vwap_volume
    else:
        assert view.low is not None
        assert view.high is not None
        assert view.low <= view.vwap <= view.high


@given(
    st.lists(
        trades(symbol=st.sampled_from(["BINANCE:BTCUSDT", "OANDA:EUR_USD", "0700.HK"]), timestamp_ms=st.just(T0_MS)),
        min_size=1,
    )
)
def test_crypto_forex_and_foreign_stocks_have_two_equal_views(stream: list[Trade]) -> None:
    for candle in fold(stream, WINDOW_MS, rules).values():
        view = candle.eligible
        assert (view.open_key, view.close_key) == (candle.open_key, candle.close_key)
        assert (view.high, view.low) == (candle.high, candle.low)
        assert (view.volume, view.trade_count, view.vwap) == (candle.volume, candle.trade_count, candle.vwap)


def trade_of(conditions: tuple[str, ...], price: str, volume: int, number: int = 0) -> Trade:
    return Trade(
        symbol="CAT",
        price=Decimal(price),
        volume=Decimal(volume),
        timestamp_ms=T0_MS + number,
        trade_id=f"{number:04d}-00000000",
        conditions=conditions,
        received_ms=T0_MS,
        venue="US",
        asset_class="stock",
    )


def test_a_minute_without_an_eligible_price_keeps_its_volume_and_count() -> None:
    view = folded([trade_of(("1", "12"), "157.5", 7)]).eligible
    assert (view.open, view.high, view.low, view.close, view.vwap) == (None, None, None, None, None)
    assert (view.volume, view.trade_count) == (Decimal(7), 1)


def test_an_official_close_counts_in_neither_price_nor_volume() -> None:
    view = folded([trade_of(("1",), "157.5", 100), trade_of(("16",), "158", 900, 1)]).eligible
    assert (view.high, view.close, view.vwap) == (Decimal("157.5"), Decimal("157.5"), Decimal("157.5"))
    assert (view.volume, view.trade_count) == (Decimal(100), 1)


def test_a_fold_without_rules_knows_the_conditions_and_no_extended_session() -> None:
    [candle] = fold(
        [trade_of(("1",), "10", 1), trade_of(("12",), "11", 1, 1), trade_of(("24",), "12", 1, 2)], WINDOW_MS
    ).values()
    assert (candle.high, candle.eligible.high) == (Decimal(12), Decimal(10))


def test_rules_ask_for_the_session_of_each_trade_however_often_its_conditions_came() -> None:
    assert [session.is_extended for session in SESSIONS] == [True, False, True, False]
    form_t = [trade_of(("1", "24"), "10", 1, number) for number in range(len(SESSIONS))]
    assert [rules(trade).sets_high_low for trade in form_t * 2] == [True, False, True, False] * 2


def test_a_trade_with_no_conditions_is_fully_eligible() -> None:
    assert rules(trade_of((), "10", 1)) is FULLY_ELIGIBLE


@pytest.mark.parametrize("count", [1, 5_000])
def test_rules_stay_right_however_many_lists_of_conditions_they_see(count: int) -> None:
    judge = eligibility_rules()
    for number in range(count):
        judge(trade_of((f"x{number}",), "10", 1))
    assert judge(trade_of(("12", "1"), "10", 1)) == (False, False, True, False)
    assert judge(trade_of(("x0",), "10", 1)) == (False, False, True, True)
