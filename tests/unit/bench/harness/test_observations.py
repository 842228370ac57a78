from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bench.harness.latencies import NEVER_MS, quantile
from bench.harness.observations import Observations
from domain.candle import Candle
from domain.trade import Trade
from domain.window import MINUTE_MS

BEGIN_MS = 1_700_000_040_000  # a whole minute


def trade(after_ms: int, *, ordinal: int = 0) -> Trade:
    return Trade(
        symbol="AAPL",
        price=Decimal(100),
        volume=Decimal(1),
        timestamp_ms=BEGIN_MS + after_ms,
        trade_id=f"{ordinal:04}-0a1b2c3d",
        received_ms=BEGIN_MS + after_ms + 7,
        venue="US",
        asset_class="stock",
    )


def candle(*trades: Trade) -> Candle:
    folded = Candle.of(trades[0], MINUTE_MS)
    for each in trades[1:]:
        folded = folded.merge(Candle.of(each, MINUTE_MS))
    return folded


def test_a_trade_is_readable_from_the_first_answer_that_contains_it() -> None:
    observed, one = Observations(BEGIN_MS), trade(100)
    observed.add_trades([], BEGIN_MS + 500)
    observed.add_trades([one], BEGIN_MS + 1_107)
    observed.add_trades([one], BEGIN_MS + 9_000)
    assert observed.trade_latency_ms(one) == 1_000


def test_a_trade_that_no_answer_contains_was_never_readable() -> None:
    observed = Observations(BEGIN_MS)
    observed.add_trades([trade(100)], BEGIN_MS + 1_000)
    assert observed.trade_latency_ms(trade(100, ordinal=1)) == NEVER_MS
    assert observed.candle_latency_ms(trade(100)) == NEVER_MS


def test_a_trade_is_in_its_candle_once_the_close_is_that_trade_or_a_later_one() -> None:
    first, second, third = trade(100), trade(200), trade(200, ordinal=1)
    observed = Observations(BEGIN_MS)
    observed.add_candles([candle(first)], BEGIN_MS + 1_107)
    observed.add_candles([candle(first, second)], BEGIN_MS + 2_207)
    observed.add_candles([candle(first, second, third)], BEGIN_MS + 3_207)
    assert [observed.candle_latency_ms(each) for each in (first, second, third)] == [1_000, 2_000, 3_000]


def test_a_candle_of_a_later_window_does_not_complete_an_earlier_one() -> None:
    before, after = trade(MINUTE_MS - 10), trade(MINUTE_MS + 10)
    observed = Observations(BEGIN_MS)
    observed.add_candles([candle(after)], BEGIN_MS + MINUTE_MS + 1_017)
    assert observed.candle_latency_ms(before) == NEVER_MS
    observed.add_candles([candle(before), candle(after)], BEGIN_MS + MINUTE_MS + 1_997)
    assert observed.candle_latency_ms(before) == 2_000
    assert observed.candle_latency_ms(after) == 1_000


def test_the_window_before_the_newest_candle_is_also_polled() -> None:
    observed = Observations(BEGIN_MS)
    observed.add_candles([candle(trade(MINUTE_MS + 30_000))], BEGIN_MS + MINUTE_MS + 32_000)
    assert observed.candles_from_ms == BEGIN_MS


def test_a_period_is_complete_once_each_earlier_candle_closes_with_its_last_trade() -> None:
    end_ms = BEGIN_MS + MINUTE_MS + 100
    first, last, after = trade(100), trade(MINUTE_MS - 10), trade(MINUTE_MS + 100)
    observed = Observations(BEGIN_MS)
    observed.add_trades([first, last, after], end_ms)
    assert not observed.complete_until(end_ms)
    observed.add_candles([candle(after)], end_ms)
    assert not observed.complete_until(end_ms)
    observed.add_candles([candle(first)], end_ms)
    assert not observed.complete_until(end_ms)
    observed.add_candles([candle(first, last)], end_ms)
    assert observed.complete_until(end_ms)
    assert not observed.complete_until(end_ms + 8)


def test_a_period_is_incomplete_until_a_candle_contains_a_later_trade() -> None:
    end_ms = BEGIN_MS + MINUTE_MS + 100
    first, after = trade(100), trade(MINUTE_MS + 100)
    observed = Observations(BEGIN_MS)
    observed.add_trades([first, after], end_ms)
    observed.add_candles([candle(first)], end_ms)
    assert not observed.complete_until(end_ms)
    observed.add_candles([candle(after)], end_ms)
    assert observed.complete_until(end_ms)


def test_a_quantile_counts_trades_that_were_never_readable() -> None:
    assert quantile([1.0] * 94 + [NEVER_MS] * 6, 95) == NEVER_MS
    assert quantile([1.0] * 96 + [NEVER_MS] * 4, 95) == 1.0
    assert quantile([], 50) == NEVER_MS


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1), st.sampled_from([0, 50, 95, 99, 100]))
def test_a_quantile_is_a_value_that_this_share_does_not_exceed(values: list[float], percent: float) -> None:
    found = quantile(sorted(values), percent)
    assert found in values
    assert sum(value <= found for value in values) >= len(values) * percent / 100
