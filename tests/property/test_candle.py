"""The laws of folding, for both views of a candle: each comparison of candles compares the eligible view as well."""

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.candle import Candle, fold
from domain.eligibility import eligibility_rules
from domain.trade import Trade
from domain.trading_session import TradingSession
from tests.support.strategies import T0_MS, streams, trades

WINDOW_MS = 60_000
one_window = st.lists(
    trades(symbol=st.just("AAPL"), timestamp_ms=st.integers(T0_MS - T0_MS % WINDOW_MS, T0_MS - T0_MS % WINDOW_MS + 9)),
    min_size=1,
    max_size=12,
)

SESSIONS = tuple(TradingSession)
rules = eligibility_rules(lambda moment_ms: SESSIONS[moment_ms % len(SESSIONS)])
"""All sessions within one window."""


def candle_of(stream: Sequence[Trade]) -> Candle:
    return reduce(Candle.merge, [Candle.of(trade, WINDOW_MS, rules) for trade in stream])


@given(streams, st.randoms(use_true_random=False))
def test_folding_in_any_order_gives_the_same_candles(stream: list[Trade], random: Random) -> None:
    shuffled = list(stream)
    random.shuffle(shuffled)
    assert fold(shuffled, WINDOW_MS, rules) == fold(stream, WINDOW_MS, rules)


@given(one_window, st.data())
def test_folding_in_any_grouping_gives_the_same_candle(stream: list[Trade], data: st.DataObject) -> None:
    groups: list[Candle] = [Candle.of(trade, WINDOW_MS, rules) for trade in stream]
    while len(groups) > 1:
        at = data.draw(st.integers(0, len(groups) - 2))
        groups[at : at + 2] = [groups[at].merge(groups[at + 1])]
    assert groups == [candle_of(stream)]


@given(one_window)
def test_a_fold_is_the_merge_of_the_candles_of_its_trades(stream: list[Trade]) -> None:
    candle = candle_of(stream)
    assert fold(stream, WINDOW_MS, rules) == {candle.window_key: candle}


@given(one_window, trades(symbol=st.just("AAPL"), timestamp_ms=st.just(T0_MS - T0_MS % WINDOW_MS + 5)))
def test_adding_a_trade_is_merging_its_candle(stream: list[Trade], trade: Trade) -> None:
    candle = candle_of(stream)
    assert candle.add(trade, rules) == candle.merge(Candle.of(trade, WINDOW_MS, rules))


@given(one_window)
def test_high_and_low_enclose_every_price(stream: list[Trade]) -> None:
    candle = candle_of(stream)
    assert candle.low == min(t.price for t in stream)
    assert candle.high == max(t.price for t in stream)
    assert candle.low <= min(candle.open, candle.close) <= max(candle.open, candle.close) <= candle.high


@given(one_window)
def test_open_and_close_are_by_event_time_then_trade_id(stream: list[Trade]) -> None:
    candle = candle_of(stream)
    ordered = sorted(stream, key=lambda t: (t.timestamp_ms, t.trade_id, t.price))
    assert (candle.open, candle.close) == (ordered[0].price, ordered[-1].price)


@given(one_window)
def test_volume_counts_and_notional_are_sums(stream: list[Trade]) -> None:
    candle = candle_of(stream)
    assert candle.trade_count == sum(1 for t in stream if t.volume > 0)
    assert candle.update_count == sum(1 for t in stream if t.volume == 0)
    assert Fraction(candle.volume) == sum(Fraction(t.volume) for t in stream)
    assert Fraction(candle.notional) == sum(Fraction(t.price) * Fraction(t.volume) for t in stream)


@given(one_window)
def test_vwap_lies_within_the_prices_and_is_none_without_volume(stream: list[Trade]) -> None:
    candle = candle_of(stream)
    if candle.volume == 0:
        assert candle.vwap is None
    else:
        assert candle.vwap is not None
        assert candle.low <= candle.vwap <= candle.high


@given(streams, st.integers(1, 10**7))
def test_every_trade_falls_into_the_one_window_that_holds_it(stream: list[Trade], window_ms: int) -> None:
    candles = fold(stream, window_ms).values()
    for trade in stream:
        holders = [
            c for c in candles if c.symbol == trade.symbol and c.window_start_ms <= trade.timestamp_ms < c.window_end_ms
        ]
        assert len(holders) == 1
    assert sum(c.trade_count + c.update_count for c in candles) == len(stream)


@given(trades(symbol=st.just("AAPL")), trades(symbol=st.just("XOM")))
def test_candles_of_different_symbols_do_not_merge(a: Trade, b: Trade) -> None:
    with pytest.raises(ValueError, match="do not merge"):
        Candle.of(a, WINDOW_MS).merge(Candle.of(b, WINDOW_MS))
