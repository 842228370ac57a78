"""What every store of candles promises, whatever is behind it."""

import random
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.candle import Candle, fold
from domain.decimals import NOTIONAL_LIMIT, PRICE_LIMIT, VOLUME_LIMIT, ZERO
from domain.eligible_view import EligibleView
from domain.trade import Trade
from domain.window import MINUTE_MS
from ports.candle_store import CandleStore
from tests.support import strategies

from .stores import (
    DAY_MS,
    LEAST,
    MIDNIGHT_MS,
    NOON_MS,
    fresh_symbol,
    key,
    make_candle,
    make_trade,
    round_trips,
)


class CandleStoreContract:
    """Subclasses provide a fixture `store`, started, that may hold other tests' candles, and pages small enough for 1,500 rows to need several."""

    @pytest.fixture
    def symbol(self) -> str:
        return fresh_symbol()

    def test_a_candle_comes_back_as_it_was_written(self, store: CandleStore, symbol: str) -> None:
        candle = make_candle(symbol, update_count=3)
        store.write([candle])
        assert list(store.read(symbol, NOON_MS, NOON_MS + 1, MINUTE_MS)) == [candle]

    def test_a_candle_that_comes_back_merges_as_the_one_that_was_written(self, store: CandleStore, symbol: str) -> None:
        trades = [make_trade(symbol, NOON_MS + n, f"000{n}-00000000", price=Decimal(n)) for n in (1, 2, 3, 4)]
        [whole] = fold(trades, MINUTE_MS).values()
        [part] = fold(trades[1:3], MINUTE_MS).values()
        store.write([part])
        [found] = store.read(symbol, NOON_MS, NOON_MS + 1, MINUTE_MS)
        assert found.merge(Candle.of(trades[0], MINUTE_MS)).merge(Candle.of(trades[3], MINUTE_MS)) == whole

    def test_the_last_writing_of_a_candle_stays(self, store: CandleStore, symbol: str) -> None:
        for volume in (5, 9, 1):
            store.write([make_candle(symbol, volume=Decimal(volume))])
            [found] = store.read(symbol, NOON_MS, NOON_MS + 1, MINUTE_MS)
            assert found.volume == volume

    def test_of_one_candle_twice_in_one_writing_the_last_stays_whole(self, store: CandleStore, symbol: str) -> None:
        low = make_candle(symbol, volume=Decimal(1), trade_count=9)
        high = make_candle(symbol, volume=Decimal(9), trade_count=1)
        for candles in ([low, high], [high, low], [low, high, low]):
            store.write(candles)
            assert list(store.read(symbol, NOON_MS, NOON_MS + 1, MINUTE_MS)) == candles[-1:]

    def test_the_last_of_many_updates_in_one_writing_stays(self, store: CandleStore, symbol: str) -> None:
        others = [make_candle(symbol, NOON_MS + n * MINUTE_MS) for n in range(1, 120)]
        updates = [make_candle(symbol, volume=Decimal(n)) for n in range(1, 400)]
        mixed = [candle for n, update in enumerate(updates) for candle in (update, others[n % len(others)])]
        store.write(mixed)
        [found] = store.read(symbol, NOON_MS, NOON_MS + 1, MINUTE_MS)
        assert found == updates[-1]

    def test_the_range_is_of_window_starts_with_its_start_and_without_its_end(
        self, store: CandleStore, symbol: str
    ) -> None:
        candles = [make_candle(symbol, NOON_MS + n * MINUTE_MS) for n in range(4)]
        store.write(candles)
        assert list(store.read(symbol, NOON_MS + MINUTE_MS, NOON_MS + 3 * MINUTE_MS, MINUTE_MS)) == candles[1:3]
        assert list(store.read(symbol, NOON_MS + MINUTE_MS + 1, NOON_MS + 3 * MINUTE_MS + 1, MINUTE_MS)) == candles[2:4]
        assert list(store.read(symbol, NOON_MS, NOON_MS, MINUTE_MS)) == []

    def test_a_range_of_many_days_is_oldest_first(self, store: CandleStore, symbol: str) -> None:
        starts = [MIDNIGHT_MS + day * DAY_MS + offset for day in (0, 1, 5, 70) for offset in (-MINUTE_MS, 0, MINUTE_MS)]
        candles = [make_candle(symbol, start) for start in sorted(set(starts))]
        store.write(random.Random(7).sample(candles, len(candles)))
        assert list(store.read(symbol, MIDNIGHT_MS - DAY_MS, MIDNIGHT_MS + 71 * DAY_MS, MINUTE_MS)) == candles

    def test_windows_of_other_lengths_are_other_candles(self, store: CandleStore, symbol: str) -> None:
        candles = {
            length: make_candle(symbol, MIDNIGHT_MS, length) for length in (1, 1_000, MINUTE_MS, DAY_MS, 30 * DAY_MS)
        }
        store.write(candles.values())
        for length, candle in candles.items():
            assert list(store.read(symbol, MIDNIGHT_MS, MIDNIGHT_MS + DAY_MS, length)) == [candle]
        assert list(store.read(symbol, MIDNIGHT_MS, MIDNIGHT_MS + DAY_MS, 2_000)) == []

    def test_a_window_of_nothing_but_price_updates_has_no_vwap(self, store: CandleStore, symbol: str) -> None:
        candle = make_candle(symbol, volume=ZERO, notional=ZERO, trade_count=0, update_count=7)
        store.write([candle])
        [found] = store.read(symbol, NOON_MS, NOON_MS + 1, MINUTE_MS)
        assert found == candle
        assert found.vwap is None

    def test_a_view_without_prices_replaces_one_with_prices(self, store: CandleStore, symbol: str) -> None:
        candle = make_candle(symbol)
        assert candle.eligible.open is not None
        priceless = attrs.evolve(candle, eligible=EligibleView(volume=Decimal("2.5"), trade_count=2))
        for written in (candle, priceless, candle):
            store.write([written])
            assert list(store.read(symbol, NOON_MS, NOON_MS + 1, MINUTE_MS)) == [written]

    def test_decimals_and_counts_are_exact_up_to_the_limits(self, store: CandleStore, symbol: str) -> None:
        largest = PRICE_LIMIT - LEAST
        candle = make_candle(
            symbol,
            open_key=key(NOON_MS, "0000-00000000", largest),
            close_key=key(NOON_MS + 59_999, "9999-ffffffff", LEAST),
            high=largest,
            low=LEAST,
            volume=(VOLUME_LIMIT - LEAST) * 10**4,
            notional=NOTIONAL_LIMIT * 10**7 - Decimal(1).scaleb(-16),
            trade_count=2**62,
            update_count=2**62 + 1,
            eligible=EligibleView(
                open_key=key(NOON_MS, "0000-00000001", largest),
                close_key=key(NOON_MS + 59_998, "9999-fffffffe", LEAST),
                high=largest,
                low=LEAST,
                volume=(VOLUME_LIMIT - LEAST) * 10**4,
                trade_count=2**62,
                vwap_volume=(VOLUME_LIMIT - LEAST) * 10**4,
                notional=NOTIONAL_LIMIT * 10**7 - Decimal(1).scaleb(-16),
            ),
        )
        store.write([candle])
        assert list(store.read(symbol, NOON_MS, NOON_MS + 1, MINUTE_MS)) == [candle]

    def test_symbols_do_not_mix(self, store: CandleStore) -> None:
        symbols = [fresh_symbol(name) for name in ("IC MARKETS:1", "a", "A", "'; DROP--")]
        candles = [make_candle(symbol, trade_count=n) for n, symbol in enumerate(symbols)]
        store.write(iter(candles))
        for candle in candles:
            assert list(store.read(candle.symbol, NOON_MS, NOON_MS + 1, MINUTE_MS)) == [candle]

    def test_an_unknown_symbol_has_no_candles(self, store: CandleStore, symbol: str) -> None:
        assert list(store.read(symbol, NOON_MS, NOON_MS + DAY_MS, MINUTE_MS)) == []

    def test_more_candles_than_a_page_come_back_in_order(self, store: CandleStore, symbol: str) -> None:
        candles = [make_candle(symbol, NOON_MS + n * MINUTE_MS) for n in range(1_500)]
        store.write(random.Random(7).sample(candles, len(candles)))
        assert list(store.read(symbol, NOON_MS, NOON_MS + 2 * DAY_MS, MINUTE_MS)) == candles

    def test_writing_nothing_is_fine(self, store: CandleStore) -> None:
        store.write([])

    @round_trips
    @given(stream=strategies.streams, window_ms=st.sampled_from([1, 1_000, MINUTE_MS, 7 * MINUTE_MS, DAY_MS]))
    def test_what_is_written_is_what_is_read(self, store: CandleStore, stream: list[Trade], window_ms: int) -> None:
        names = {symbol: fresh_symbol(symbol) for symbol in {trade.symbol for trade in stream}}
        candles = fold((attrs.evolve(trade, symbol=names[trade.symbol]) for trade in stream), window_ms)
        store.write(candles.values())
        start_ms, end_ms = strategies.T0_MS - 2 * DAY_MS, strategies.T0_MS + 2 * DAY_MS
        for symbol in names.values():
            kept = [candle for candle in candles.values() if candle.symbol == symbol]
            found = list(store.read(symbol, start_ms, end_ms, window_ms))
            assert found == sorted(kept, key=lambda candle: candle.window_start_ms)
