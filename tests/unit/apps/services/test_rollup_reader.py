"""Longer candles out of a store of 1-minute candles."""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.exchange_calendar.nyse import NEW_YORK
from adapters.memory.stores import MemoryCandleStore
from apps.services.rollup_reader import RollupCandleStore
from domain.candle import Candle, fold
from domain.trade import Trade
from domain.window import MINUTE_MS, to_ms
from tests.support.strategies import T0_MS, streams


def stored(candles: list[Candle]) -> RollupCandleStore:
    store = MemoryCandleStore()
    store.start()
    store.write(candles)
    return RollupCandleStore(store)


def trade(text: str, price: int = 100, symbol: str = "AAPL") -> Trade:
    moment_ms = to_ms(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK))
    return Trade(
        symbol=symbol,
        price=Decimal(price),
        volume=Decimal(1),
        timestamp_ms=moment_ms,
        trade_id="0000-00000000",
        received_ms=moment_ms,
        venue="US",
        asset_class="stock",
    )


def minutes(*trades: Trade) -> list[Candle]:
    return list(fold(trades, MINUTE_MS).values())


@given(streams, st.sampled_from([1, 5, 15, 60]), st.integers(-400_000, 400_000), st.integers(0, 800_000))
def test_a_span_of_longer_candles_is_that_of_the_fold(
    stream: list[Trade], factor: int, start_ms: int, length_ms: int
) -> None:
    window_ms = factor * MINUTE_MS
    start_ms += T0_MS
    store = stored(list(fold(stream, MINUTE_MS).values()))
    for symbol in ("AAPL", "BINANCE:BTCUSDT"):
        expected = [
            candle
            for candle in sorted(fold(stream, window_ms).values(), key=lambda candle: candle.window_start_ms)
            if candle.symbol == symbol and start_ms <= candle.window_start_ms < start_ms + length_ms
        ]
        assert list(store.read(symbol, start_ms, start_ms + length_ms, window_ms)) == expected


def test_candles_that_are_stored_at_that_length_are_read_where_there_are_no_minutes() -> None:
    candles = list(fold([trade("2026-11-27T10:01")], 5 * MINUTE_MS).values())
    start_ms = candles[0].window_start_ms
    assert list(stored(candles).read("AAPL", start_ms, start_ms + 1, 5 * MINUTE_MS)) == candles


@pytest.mark.parametrize("window_ms", [1_000, 30_000, 90_000])
def test_other_lengths_are_read_as_they_are_stored(window_ms: int) -> None:
    candles = list(fold([trade("2026-11-27T10:01")], window_ms).values())
    start_ms = candles[0].window_start_ms
    assert list(stored(candles).read("AAPL", start_ms, start_ms + 1, window_ms)) == candles
