import json
import random
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.finnhub.protocol import parse_message
from adapters.simulator.frames import FrameMaker
from adapters.simulator.market import Market
from adapters.simulator.oddities import garbage
from adapters.simulator.quirks import Quirks
from domain.feed import FeedEvent, Frame
from domain.intake import Intake
from domain.rejection import Reason

NOW_MS = 1_700_000_000_000

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("spvtcx") | st.text(), inner, max_size=5)
    ),
    max_leaves=15,
)
messages = st.fixed_dictionaries(
    {"type": st.sampled_from(["trade", "ping", "error", "news"]) | documents},
    optional={"data": st.lists(documents) | documents, "msg": documents},
)
number_texts = st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,22})?", fullmatch=True)


def judge(payload: bytes) -> None:
    """Whatever it is, it is a message, and the domain has a word for every trade in it."""
    message = parse_message(payload, NOW_MS)
    assert isinstance(message, Frame | FeedEvent)
    if isinstance(message, Frame):
        assert message.payload == payload
        result = Intake(source="test").accept(message)
        judged = len(result.trades) + len(result.dead_letters)
        assert judged == (len(message.trades) if message.rejection is None else 1)


@given(st.binary())
def test_no_bytes_raise(payload: bytes) -> None:
    judge(payload)


@given(documents)
def test_no_json_raises(document: object) -> None:
    judge(json.dumps(document).encode())


@given(messages, st.booleans())
def test_no_message_of_the_right_shape_with_anything_in_it_raises(message: dict[str, object], ascii_only: bool) -> None:
    judge(json.dumps(message, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass"))


@given(st.integers(0, 2**32), st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=3))
def test_no_damaged_frame_raises(seed: int, damages: list[tuple[int, int]]) -> None:
    frame = bytearray(simulated_frame(seed, Quirks()))
    for at, byte in damages:
        frame[at % len(frame)] = byte
    judge(bytes(frame))
    judge(bytes(frame[: damages[0][0] % len(frame)]))


@given(number_texts, number_texts)
def test_every_number_is_the_one_that_its_digits_say_or_as_far_out_of_bounds(price: str, volume: str) -> None:
    message = parse_message(f'{{"data":[{{"p":{price},"v":{volume}}}],"type":"trade"}}'.encode(), NOW_MS)
    assert isinstance(message, Frame)
    (trade,) = message.trades
    for text, value in ((price, trade.price), (volume, trade.volume)):
        assert isinstance(value, Decimal | int)
        mantissa, _, exponent = text.lower().partition("e")
        if abs(int(exponent or 0)) < 10**17:
            assert value == Decimal(text)
        else:
            assert (value == 0) == (Decimal(mantissa) == 0)
            assert (value < 0) == (Decimal(mantissa) < 0)


def simulated_frame(seed: int, quirks: Quirks) -> bytes:
    symbols = ["AAPL", "BINANCE:BTCUSDT", "OANDA:EUR_USD", "IC MARKETS:1"]
    made = FrameMaker(Market(seed), quirks, seed).make(symbols, 1 + seed % 30, NOW_MS - 100, NOW_MS)
    return made[-1].payload


def as_sent(payload: bytes) -> list[dict[str, Any]]:
    """The trades of a frame, by another parser than the one under test."""
    elements: list[dict[str, Any]] = json.loads(payload, parse_float=Decimal)["data"]
    return elements


@given(st.integers(0, 2**32), st.booleans())
def test_parsing_a_simulated_frame_gives_exactly_the_trades_that_were_made(seed: int, ugly: bool) -> None:
    quirks = Quirks(backwards_rate=0.2, twin_rate=0.2, odd_conditions_rate=0.3) if ugly else Quirks()
    payload = simulated_frame(seed, quirks)
    message = parse_message(payload, NOW_MS)
    assert isinstance(message, Frame)
    read = [(t.symbol, t.price, t.volume, t.timestamp_ms, t.conditions) for t in message.trades]
    assert read == [(e["s"], e["p"], e["v"], e["t"], e.get("c")) for e in as_sent(payload)]
    assert b",".join(message.payload_of(place) for place in range(len(message.trades))) in payload
    result = Intake(source="test").accept(message)
    assert len(result.trades) == len(read)


@given(st.integers(0, 2**32))
def test_every_simulated_trade_that_is_made_invalid_becomes_a_dead_letter(seed: int) -> None:
    payload = simulated_frame(seed, Quirks(invalid_rate=1.0))
    message = parse_message(payload, NOW_MS)
    assert isinstance(message, Frame)
    result = Intake(source="test").accept(message)
    assert not result.trades
    assert len(result.dead_letters) == len(as_sent(payload))


@given(st.integers(0, 2**32))
def test_every_made_up_garbage_frame_is_malformed(seed: int) -> None:
    message = parse_message(garbage(random.Random(seed)), NOW_MS)
    assert isinstance(message, Frame)
    assert message.rejection is not None
    assert message.rejection.reason is Reason.MALFORMED
