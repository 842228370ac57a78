"""What each condition allows, and that of several conditions the strictest holds for each field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.conditions import US_CONDITIONS
from domain.eligibility import FULLY_ELIGIBLE, Eligibility, eligibility, eligibility_rules
from domain.market import AssetClass
from domain.trade import Trade
from domain.trading_session import TradingSession
from tests.support.sale_conditions import ALL, FORM_T, NO_PRICE, NO_RULE_KNOWN, NO_VOLUME
from tests.support.strategies import conditions, known_codes, trades

sessions = st.sampled_from(TradingSession)
codes = st.lists(known_codes | st.just("no such code"), max_size=5)


def judged(codes: list[str], session: TradingSession = TradingSession.REGULAR) -> Eligibility:
    return eligibility(codes, AssetClass.STOCK, session)


def test_the_table_has_each_of_the_codes_once() -> None:
    assert list(US_CONDITIONS) == [str(code) for code in range(1, 42)]


@pytest.mark.parametrize("code", sorted(ALL))
@pytest.mark.parametrize("session", TradingSession)
def test_each_code_allows_what_the_rules_say(code: str, session: TradingSession) -> None:
    has_price = code not in NO_PRICE | NO_RULE_KNOWN and (code != FORM_T or session.is_extended)
    assert judged([code], session) == Eligibility(
        sets_open_close=has_price,
        sets_high_low=has_price,
        counts_in_volume=code not in NO_VOLUME,
        has_unknown_code=code in NO_RULE_KNOWN,
    )


@pytest.mark.parametrize(
    ("session", "sets_price"),
    [
        (TradingSession.PRE, True),
        (TradingSession.REGULAR, False),
        (TradingSession.POST, True),
        (TradingSession.CLOSED, False),
    ],
)
def test_form_t_sets_prices_in_the_extended_sessions_alone(session: TradingSession, sets_price: bool) -> None:
    found = judged(["1", "24"], session)
    assert (found.sets_open_close, found.sets_high_low, found.counts_in_volume) == (sets_price, sets_price, True)


@given(codes, sessions)
def test_of_several_codes_the_strictest_holds_for_each_field(several: list[str], session: TradingSession) -> None:
    each = [judged([code], session) for code in several]
    assert judged(several, session) == Eligibility(
        sets_open_close=all(one.sets_open_close for one in each),
        sets_high_low=all(one.sets_high_low for one in each),
        counts_in_volume=all(one.counts_in_volume for one in each),
        has_unknown_code=any(one.has_unknown_code for one in each),
    )


def test_the_strictest_code_may_come_first_or_last() -> None:
    assert judged(["1", "12"]) == judged(["12", "1"]) == Eligibility(sets_open_close=False, sets_high_low=False)


@given(conditions, sessions)
def test_an_unknown_code_sets_no_price_counts_in_volume_and_is_marked(
    known: tuple[str, ...], session: TradingSession
) -> None:
    found = judged([*known, "42"], session)
    assert not found.sets_open_close
    assert not found.sets_high_low
    assert found.counts_in_volume == judged(list(known), session).counts_in_volume
    assert found.has_unknown_code


def test_no_code_is_fully_eligible() -> None:
    assert judged([]) is FULLY_ELIGIBLE


@given(conditions, st.sampled_from([AssetClass.CRYPTO, AssetClass.FOREX, AssetClass.UNKNOWN, "etf_basket"]), sessions)
def test_only_stocks_are_judged(codes: tuple[str, ...], asset_class: str, session: TradingSession) -> None:
    assert eligibility(codes, asset_class, session) is FULLY_ELIGIBLE


@given(trades(), sessions)
def test_rules_judge_a_trade_by_its_venue_and_the_session_of_its_time(trade: Trade, session: TradingSession) -> None:
    asked: list[int] = []

    def session_of(moment_ms: int) -> TradingSession:
        asked.append(moment_ms)
        return session

    rules = eligibility_rules(session_of)
    expected = eligibility(trade.conditions, trade.asset_class, session) if trade.venue == "US" else FULLY_ELIGIBLE
    assert [rules(trade), rules(trade)] == [expected, expected]
    assert set(asked) <= {trade.timestamp_ms}
