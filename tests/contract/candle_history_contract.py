"""What every store promises that keeps the versions of candles, whatever is behind it."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.candle import Candle
from domain.candle_revision import RevisionReason
from domain.eligible_view import EligibleView
from domain.window import MINUTE_MS
from ports.candle_history import CandleHistory

from .stores import DAY_MS, NOON_MS, fresh_symbol, make_candle, round_trips

LATE, RECONCILE = RevisionReason.LATE_TRADES, RevisionReason.RECONCILE
writes = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 5), st.sampled_from([None, LATE, RECONCILE])), min_size=1, max_size=8
)
"""Which minute is written, how much later than the write before, and why."""


class CandleHistoryContract:
    """Subclasses provide a fixture `store`, started, that may hold other tests' candles."""

    @pytest.fixture
    def symbol(self) -> str:
        return fresh_symbol()

    def test_as_of_a_moment_is_what_was_written_by_then(self, store: CandleHistory, symbol: str) -> None:
        first = make_candle(symbol)
        second, third = (attrs.evolve(first, trade_count=count) for count in (7, 8))
        store.write([first], known_at_ms=NOON_MS + 100)
        store.write([second], known_at_ms=NOON_MS + 200, reason=LATE)
        store.write([third], known_at_ms=NOON_MS + 300, reason=RECONCILE)
        moments = (99, 100, 199, 200, 299, 300)
        assert [as_of(store, symbol, NOON_MS + after_ms) for after_ms in moments] == [
            [], [first], [first], [second], [second], [third]
        ]  # fmt: skip
        assert list(store.read(symbol, NOON_MS, NOON_MS + 1, MINUTE_MS)) == [third]

    def test_the_versions_of_an_open_window_leave_no_trace(self, store: CandleHistory, symbol: str) -> None:
        forming = make_candle(symbol)
        whole = attrs.evolve(forming, trade_count=9)
        store.write([forming], known_at_ms=NOON_MS + 100)
        store.write([whole], known_at_ms=NOON_MS + 200)
        assert as_of(store, symbol, NOON_MS + 199) == []
        assert as_of(store, symbol, NOON_MS + 200) == [whole]

    def test_writing_a_restatement_again_changes_nothing(self, store: CandleHistory, symbol: str) -> None:
        first = make_candle(symbol)
        second = attrs.evolve(first, trade_count=7)
        store.write([first], known_at_ms=NOON_MS + 100)
        for _ in range(2):
            store.write([second], known_at_ms=NOON_MS + 200, reason=LATE)
        assert [as_of(store, symbol, NOON_MS + after_ms) for after_ms in (99, 100, 200)] == [[], [first], [second]]

    def test_a_view_that_lost_its_prices_had_them_before(self, store: CandleHistory, symbol: str) -> None:
        candle = make_candle(symbol)
        priceless = attrs.evolve(candle, eligible=EligibleView(trade_count=2))
        store.write([candle], known_at_ms=NOON_MS + 100)
        store.write([priceless], known_at_ms=NOON_MS + 200, reason=RECONCILE)
        assert [as_of(store, symbol, NOON_MS + after_ms) for after_ms in (100, 200)] == [[candle], [priceless]]

    def test_a_candle_of_which_no_moment_is_on_record_was_known_when_its_window_ended(
        self, store: CandleHistory, symbol: str
    ) -> None:
        candle = make_candle(symbol)
        store.write([candle])
        assert as_of(store, symbol, candle.window_end_ms - 1) == []
        assert as_of(store, symbol, candle.window_end_ms) == [candle]

    def test_windows_of_several_days_and_lengths_do_not_mix(self, store: CandleHistory, symbol: str) -> None:
        candles = [
            make_candle(symbol, start_ms, length_ms)
            for start_ms in (NOON_MS, NOON_MS + DAY_MS)
            for length_ms in (MINUTE_MS, 5 * MINUTE_MS)
        ]
        store.write(candles, known_at_ms=NOON_MS)
        restated = [attrs.evolve(candle, trade_count=7) for candle in candles]
        store.write(restated, known_at_ms=NOON_MS + 1, reason=LATE)
        for length_ms in (MINUTE_MS, 5 * MINUTE_MS):
            for moment_ms, versions in ((NOON_MS, candles), (NOON_MS + 1, restated)):
                found = store.read_as_of(symbol, NOON_MS, NOON_MS + 2 * DAY_MS, length_ms, as_of_ms=moment_ms)
                assert list(found) == [candle for candle in versions if candle.window_ms == length_ms]

    @round_trips
    @given(writes)
    def test_as_of_now_is_the_current_candle(
        self, store: CandleHistory, steps: list[tuple[int, int, RevisionReason | None]]
    ) -> None:
        symbol, now_ms = fresh_symbol(), NOON_MS
        for count, (minute, later_ms, reason) in enumerate(steps):
            now_ms += later_ms
            candle = make_candle(symbol, NOON_MS + minute * MINUTE_MS, trade_count=count)
            store.write([candle], known_at_ms=now_ms, reason=reason)
            assert as_of(store, symbol, now_ms) == list(store.read(symbol, NOON_MS, NOON_MS + DAY_MS, MINUTE_MS))


def as_of(store: CandleHistory, symbol: str, as_of_ms: int) -> list[Candle]:
    return list(store.read_as_of(symbol, NOON_MS, NOON_MS + DAY_MS, MINUTE_MS, as_of_ms=as_of_ms))
