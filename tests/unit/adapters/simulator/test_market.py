import json
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from adapters.simulator.frames import FrameMaker, Outgoing
from adapters.simulator.market import Market, looks_like_a_symbol, number
from adapters.simulator.quirks import Quirks
from domain.decimals import decimals

T0_MS = 1_700_000_000_000


def trades_of(symbol: str, count: int = 2_000, seed: int = 1) -> list[dict[str, Any]]:
    walk = Market(seed).walk(symbol)
    return [json.loads(walk.trade(T0_MS), parse_float=Decimal) for _ in range(count)]


def frames(quirks: Quirks, count: int = 400, trades: int = 10, seed: int = 1) -> list[Outgoing]:
    maker = FrameMaker(Market(seed), quirks, seed)
    return [
        each
        for i in range(count)
        for each in maker.make(["AAPL", "OANDA:EUR_USD"], trades, T0_MS + i * 100, T0_MS + i * 100 + 100)
    ]


def elements(outgoing: Outgoing) -> list[Any]:
    data: list[Any] = json.loads(outgoing.payload)["data"]
    return data


def test_the_same_seed_gives_the_same_frames_and_another_seed_others() -> None:
    assert frames(Quirks(twin_rate=0.5)) == frames(Quirks(twin_rate=0.5))
    assert frames(Quirks()) != frames(Quirks(), seed=2)


def test_a_symbols_walk_does_not_depend_on_the_other_symbols() -> None:
    market = Market(1)
    mixed = []
    for _ in range(50):
        market.walk("MSFT").trade(T0_MS)
        mixed.append(json.loads(market.walk("AAPL").trade(T0_MS), parse_float=Decimal))
    assert mixed == trades_of("AAPL", 50)


@pytest.mark.parametrize("symbol", ["AAPL", "BINANCE:BTCUSDT", "OANDA:EUR_USD", "IC MARKETS:1", "BINANCE:X"])
def test_prices_are_positive_on_a_grid_and_walk(symbol: str) -> None:
    prices = [Decimal(trade["p"]) for trade in trades_of(symbol)]
    assert all(price > 0 for price in prices)
    assert max(decimals(price) for price in prices) <= 8
    assert len(set(prices)) > 20
    steps = [abs(after / before - 1) for before, after in pairwise(prices)]
    assert max(steps) < Decimal("0.02")


def test_stocks_have_conditions_and_whole_shares() -> None:
    trades = trades_of("AAPL")
    assert {type(trade["v"]) for trade in trades} == {int}
    assert min(trade["v"] for trade in trades) > 0
    assert {tuple(trade["c"]) for trade in trades} >= {(), ("1",), ("1", "12")}


def test_crypto_has_null_for_conditions_and_fractions() -> None:
    trades = trades_of("BINANCE:BTCUSDT")
    assert {trade["c"] for trade in trades} == {None}
    assert all(trade["v"] > 0 for trade in trades)
    assert any(trade["v"] != int(trade["v"]) for trade in trades)


def test_forex_is_price_updates() -> None:
    assert {(trade["v"], trade["c"]) for trade in trades_of("OANDA:EUR_USD")} == {(0, None)}


def test_times_run_forwards_and_frames_have_the_trades_asked_for() -> None:
    stamps = [trade["t"] for frame in frames(Quirks()) for trade in elements(frame)]
    assert stamps == sorted(stamps)
    assert len(stamps) == 4_000


def test_no_two_frames_of_one_trade_are_equal_even_within_a_millisecond() -> None:
    maker = FrameMaker(Market(1), Quirks(), 1)
    made = [maker.make(["OANDA:EUR_USD"], 1, T0_MS, T0_MS)[0].payload for _ in range(2_000)]
    assert len(set(made)) == 2_000


def test_it_makes_frames_even_where_there_is_little_to_vary() -> None:
    maker = FrameMaker(Market(1), Quirks(invalid_rate=1.0), 1)
    made = [maker.make(["AAPL"], 1, T0_MS, T0_MS)[0].payload for _ in range(500)]
    assert len(set(made)) == 500


def test_redeliveries_are_copies_two_or_three() -> None:
    assert {frame.copies for frame in frames(Quirks(redelivery_rate=0.5))} == {1, 2, 3}


def test_time_runs_backwards_when_asked() -> None:
    stamps = [trade["t"] for frame in frames(Quirks(backwards_rate=0.2)) for trade in elements(frame)]
    backwards = [(a, b) for a, b in pairwise(stamps) if b < a]
    assert len(backwards) > 100
    assert all(a - b <= 1_200 for a, b in backwards)


def test_twins_are_neighbours_in_one_frame_and_more_than_asked_for() -> None:
    made = frames(Quirks(twin_rate=0.3))
    assert sum(len(elements(frame)) for frame in made) > 4_800


def test_conditions_are_missing_null_or_empty_when_asked() -> None:
    seen = {
        json.dumps(trade.get("c", "missing")) for f in frames(Quirks(odd_conditions_rate=1)) for trade in elements(f)
    }
    assert seen == {'"missing"', "null", "[]"}


def test_garbage_and_other_types_come_before_frames() -> None:
    made = frames(Quirks(garbage_rate=0.3, other_type_rate=0.3))
    kinds = [frame.kind for frame in made]
    assert kinds.count("trade") == 400
    assert 60 < kinds.count("garbage") < 180
    assert 60 < kinds.count("other") < 180


@pytest.mark.parametrize("symbol", ["AAPL", "BRK.B", "0700.HK", "BINANCE:BTCUSDT", "OANDA:EUR_USD", "IC MARKETS:1"])
def test_what_some_market_could_have_is_a_symbol(symbol: str) -> None:
    assert looks_like_a_symbol(symbol)


@pytest.mark.parametrize("symbol", ["", "aapl", "no such thing", "A" * 99, ":", "BINANCE:", ":X", 'A"B', "AAPL\n"])
def test_what_no_market_has_is_none(symbol: str) -> None:
    assert not looks_like_a_symbol(symbol)


@pytest.mark.parametrize(
    ("units", "places", "text"), [(1640600, 4, "164.06"), (100, 2, "1"), (5, 5, "0.00005"), (0, 3, "0"), (70, 0, "70")]
)
def test_numbers_are_written_short_and_exact(units: int, places: int, text: str) -> None:
    assert number(units, places) == text


@pytest.mark.parametrize(
    "wrong", [{"redelivery_rate": 1.1}, {"garbage_rate": -0.1}, {"silence_s": -1}, {"symbol_cap": -1}]
)
def test_quirks_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Quirks(**wrong)
