"""Frames: no bytes raise, and each trade is published, rejected or known, also when frames share one intake and come again."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from adapters.finnhub.protocol import parse_message
from domain.feed import FeedEvent, Frame
from domain.intake import Intake, IntakeResult
from domain.record import decode, encode
from domain.rejection import DeadLetter
from domain.rules import Rules

from . import near_json

NOW_MS = 1_700_000_000_000


def accounted(intake: Intake, payload: bytes) -> IntakeResult:
    """Return what became of a frame. Assert that nothing is missing, and that all of it can be written and read back."""
    message = parse_message(payload, NOW_MS)
    if not isinstance(message, Frame):
        assert isinstance(message, FeedEvent)
        message.detail.encode()
        return IntakeResult()
    result = intake.accept(message)
    expected = len(message.trades) if message.rejection is None else 1
    assert len(result.trades) + len(result.dead_letters) + result.redelivered == expected
    for trade in result.trades:
        assert decode(encode(trade), appended_ms=NOW_MS, rules=Rules()) == trade
    for letter in result.dead_letters:
        assert letter.payload in payload
        assert DeadLetter.from_headers(letter.payload, letter.headers()) == letter
    return result


@given(st.binary() | near_json.documents | near_json.frames)
def test_no_bytes_raise(payload: bytes) -> None:
    accounted(Intake(source="fuzz"), payload)


@given(st.lists(near_json.frames, min_size=1, max_size=4), st.data())
def test_every_trade_is_accounted_for_when_frames_come_again(frames: list[bytes], data: st.DataObject) -> None:
    intake = Intake(source="fuzz")
    for payload in data.draw(st.lists(st.sampled_from(frames), max_size=8)):
        accounted(intake, payload)


@given(near_json.frames)
def test_a_frame_that_comes_again_publishes_nothing(frame: bytes) -> None:
    intake = Intake(source="fuzz")
    first, second = accounted(intake, frame), accounted(intake, frame)
    assert not second.trades
    if first.trades:
        assert second.redelivered == len(first.trades) + len(first.dead_letters)


@given(st.lists(near_json.usual_trades, min_size=1, max_size=6), st.lists(near_json.values, max_size=3))
def test_odd_elements_do_not_affect_the_usual_trades_beside_them(usual: list[str], odd: list[str]) -> None:
    frame = f'{{"data":[{",".join(usual + [text for text in odd if is_json(text)])}],"type":"trade"}}'
    result = accounted(Intake(source="fuzz"), frame.encode())
    assert len(result.trades) >= len(usual)


def is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return False
    return True
