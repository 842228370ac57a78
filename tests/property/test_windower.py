import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.candle import Candle, fold
from domain.trade import Trade
from domain.windower import Windower
from tests.support.strategies import T0_MS, few_symbols, streams, trades

WINDOW_MS = 10_000
latenesses = st.sampled_from([0, 1, 5_000, 60_000, 10**9])


@given(streams, st.integers(1, 200_000))
def test_without_late_trades_the_candles_equal_a_batch_fold(stream: list[Trade], window_ms: int) -> None:
    windower = Windower(window_ms=window_ms, allowed_lateness_ms=10**9)
    for trade in stream:
        assert windower.add(trade)
        assert windower.advance() == []
    assert {c.window_key: c for c in windower.finish()} == fold(stream, window_ms)
    assert windower.finish() == []


class WindowerAgainstAFold(RuleBasedStateMachine):
    """The model keeps every trade that was taken and folds them all again; the windower must agree at each step."""

    @initialize(lateness=latenesses)
    def begin(self, lateness: int) -> None:
        self.lateness = lateness
        self.windower = Windower(window_ms=WINDOW_MS, allowed_lateness_ms=lateness)
        self.taken: list[Trade] = []
        self.late = 0
        self.watermark: int | None = None
        self.written: dict[tuple[str, int, int], Candle] = {}
        self.final: dict[tuple[str, int, int], Candle] = {}

    @rule(trade=trades(symbol=few_symbols, timestamp_ms=st.integers(T0_MS, T0_MS + 100_000)))
    def add(self, trade: Trade) -> None:
        window_end = trade.timestamp_ms - trade.timestamp_ms % WINDOW_MS + WINDOW_MS
        expected = self.watermark is None or window_end > self.watermark
        assert self.windower.add(trade) is expected
        if expected:
            self.taken.append(trade)
        else:
            self.late += 1

    @rule()
    def take_changed(self) -> None:
        for candle in self.windower.take_changed():
            assert candle.window_key not in self.final
            self.written[candle.window_key] = candle
        self.check_written()

    @rule()
    def advance(self) -> None:
        self.take_changed()
        if self.taken:
            newest = max(t.timestamp_ms for t in self.taken) - self.lateness
            self.watermark = newest if self.watermark is None else max(self.watermark, newest)
        for candle in self.windower.advance():
            assert candle.window_key not in self.final
            self.final[candle.window_key] = candle
        model = fold(self.taken, WINDOW_MS)
        assert self.final == {
            slot: c for slot, c in model.items() if self.watermark is not None and c.window_end_ms <= self.watermark
        }

    def check_written(self) -> None:
        assert self.written == fold(self.taken, WINDOW_MS)

    @invariant()
    def late_trades_are_counted(self) -> None:
        if hasattr(self, "windower"):
            assert self.windower.late_trades == self.late

    def teardown(self) -> None:
        if hasattr(self, "windower"):
            self.take_changed()
            rest = {c.window_key: c for c in self.windower.finish()}
            assert self.final | rest == fold(self.taken, WINDOW_MS)


TestWindowerAgainstAFold = WindowerAgainstAFold.TestCase


@pytest.mark.parametrize(("window_ms", "lateness_ms"), [(0, 0), (-1, 0), (1, -1)])
def test_a_senseless_window_is_refused(window_ms: int, lateness_ms: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        Windower(window_ms=window_ms, allowed_lateness_ms=lateness_ms)
