from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from domain.identity import RedeliveryFilter, TradeNumbering, content_checksum
from tests.support.strategies import amounts, conditions


class NumberingAgainstACounter(RuleBasedStateMachine):
    """Within its capacity the numbering is a counter; beyond it, the millisecond seen first is forgotten."""

    @initialize(capacity=st.integers(1, 4))
    def begin(self, capacity: int) -> None:
        self.capacity = capacity
        self.numbering = TradeNumbering(capacity)
        self.model: OrderedDict[tuple[str, int], int] = OrderedDict()

    @rule(symbol=st.sampled_from("AB"), timestamp_ms=st.integers(0, 3))
    def number(self, symbol: str, timestamp_ms: int) -> None:
        moment = (symbol, timestamp_ms)
        expected = self.model.get(moment, 0)
        assert self.numbering.next_ordinal(symbol, timestamp_ms) == expected
        self.model[moment] = expected + 1
        while len(self.model) > self.capacity:
            del self.model[next(iter(self.model))]


TestNumberingAgainstACounter = NumberingAgainstACounter.TestCase


@given(st.lists(st.binary(max_size=2), max_size=60), st.integers(1, 5))
def test_a_redelivery_is_a_frame_among_the_last_different_ones(frames: list[bytes], capacity: int) -> None:
    redeliveries = RedeliveryFilter(capacity)
    recent: list[bytes] = []
    for payload in frames:
        assert redeliveries.is_redelivery(payload) is (payload in recent)
        if payload not in recent:
            recent = [*recent, payload][-capacity:]


@given(amounts, conditions)
def test_the_checksum_is_one_for_equal_values_however_written(amount: tuple, codes: tuple[str, ...]) -> None:  # type: ignore[type-arg]
    price, volume = amount
    assert content_checksum(price, volume, codes) == content_checksum(price.normalize(), volume.normalize(), codes)
