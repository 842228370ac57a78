"""A published candle is read back as it was, and the in-process aggregator publishes each version and, last, the final one."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.candle import fold
from domain.candle_revision import CandleVersion, RevisionReason
from domain.candle_update import CandleUpdate
from domain.trade import Trade
from domain.window import MINUTE_MS
from tests.contract.stores import make_candle
from tests.support.strategies import streams


@given(
    stream=streams,
    known_at_ms=st.integers(0, 2**45),
    reason=st.sampled_from([None, *RevisionReason]),
    is_final=st.booleans(),
)
def test_an_update_is_read_as_it_was_written(
    stream: list[Trade], known_at_ms: int, reason: RevisionReason | None, *, is_final: bool
) -> None:
    keys = defaultdict(list)
    for candle in fold(stream, MINUTE_MS).values():
        version = CandleVersion(candle=candle, known_at_ms=known_at_ms, reason=reason)
        update = CandleUpdate(version=version, is_final=is_final)
        assert CandleUpdate.decode(update.encode()) == update
        keys[update.key].append(candle)
    assert all(len(candles) == 1 for candles in keys.values())


@pytest.mark.parametrize("value", [b"", b"null", b"[]", b'{"v":2}', b'{"v":1}', b"\xff", b'{"v":1,"reason":"why"}'])
def test_what_is_no_candle_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError):
        CandleUpdate.decode(value)


def test_decimals_are_plain_digits() -> None:
    version = CandleVersion(candle=make_candle("AAPL"), known_at_ms=1)
    text = CandleUpdate(version=version, is_final=False).encode().decode()
    assert '"high":"1.5"' in text
    assert '"final":false' in text
