import json
from decimal import Decimal

import pytest

from adapters.finnhub.protocol import parse_message, subscribe_message, unsubscribe_message
from domain.feed import FeedEvent, FeedEventKind, Frame, TradeFields
from domain.intake import Intake
from domain.rejection import Reason

NOW_MS = 1_700_000_000_000


def frame(elements: str) -> Frame:
    message = parse_message(f'{{"data":[{elements}],"type":"trade"}}'.encode(), NOW_MS)
    assert isinstance(message, Frame)
    assert message.rejection is None
    return message


def trades(elements: str) -> list[TradeFields]:
    return list(frame(elements).trades)


def fields(trade: TradeFields) -> tuple[object, ...]:
    return trade.symbol, trade.price, trade.volume, trade.timestamp_ms, trade.conditions


def event(text: str) -> FeedEvent:
    message = parse_message(text.encode(), NOW_MS)
    assert isinstance(message, FeedEvent)
    assert message.at_ms == NOW_MS
    return message


def test_a_recorded_shape_gives_its_trades() -> None:
    element = '{"c":["1","12"],"p":164.0601,"s":"AAPL","t":1680286537580,"v":5}'
    found = frame(element)
    assert [fields(trade) for trade in found.trades] == [("AAPL", Decimal("164.0601"), 5, 1680286537580, ["1", "12"])]
    assert found.payload_of(0) == element.encode()


def test_type_before_data_and_unknown_fields_are_fine() -> None:
    message = parse_message(b' {"type":"trade","x":{},"data":[ {"s":"A","z":[1]} , {"s":"B"}]}\n', NOW_MS)
    assert isinstance(message, Frame)
    assert [trade.symbol for trade in message.trades] == ["A", "B"]
    assert list(message.payloads) == [b'{"s":"A","z":[1]}', b'{"s":"B"}']


@pytest.mark.parametrize("conditions", ['"c":null,', '"c":[],', "", '"c":["1","1"],'])
def test_every_way_to_write_conditions_is_taken(conditions: str) -> None:
    elements = f'{{{conditions}"p":1.5,"s":"A","t":{NOW_MS},"v":0}}'
    assert len(Intake(source="test").accept(frame(elements)).trades) == 1


@pytest.mark.parametrize(
    ("digits", "value"),
    [
        ("0.1", Decimal("0.1")),
        ("1.50", Decimal("1.50")),
        ("1e3", Decimal("1E+3")),
        ("12345678901234567890.123456789012345678901", Decimal("12345678901234567890.123456789012345678901")),
        ("18446744073709551616", 18446744073709551616),
        ("1e999999", Decimal("1E+999999")),
        ("1E-999999999999", Decimal("1E-999999999999")),
        ("-0.0", Decimal("-0.0")),
    ],
)
def test_numbers_are_exactly_their_digits(digits: str, value: object) -> None:
    (trade,) = trades(f'{{"p":{digits}}}')
    assert trade.price == value
    assert not isinstance(trade.price, float)


@pytest.mark.parametrize(
    ("digits", "reason"),
    [
        ("9" * 5_000, Reason.TOO_LARGE),
        ("-" + "9" * 5_000, Reason.PRICE_NOT_POSITIVE),
        ("1e99999999999999999999", Reason.TOO_LARGE),
        ("1e-99999999999999999999", Reason.TOO_PRECISE),
        ('"1.5"', Reason.MISSING_OR_MISTYPED),
        ("true", Reason.MISSING_OR_MISTYPED),
        ("null", Reason.MISSING_OR_MISTYPED),
        ("[1]", Reason.MISSING_OR_MISTYPED),
        ("{}", Reason.MISSING_OR_MISTYPED),
        ("[" * 300 + "]" * 300, Reason.MISSING_OR_MISTYPED),
    ],
    ids=lambda value: str(value)[:24],
)
def test_an_odd_number_spoils_its_own_trade_and_no_other(digits: str, reason: Reason) -> None:
    good = f'{{"p":1.5,"s":"A","t":{NOW_MS},"v":1}}'
    odd = f'{{"p":{digits},"s":"B","t":{NOW_MS},"v":1}}'
    result = Intake(source="test").accept(frame(f"{good},{odd},{good}"))
    assert len(result.trades) == 2
    assert [letter.rejection.reason for letter in result.dead_letters] == [reason]
    assert result.dead_letters[0].payload == odd.encode()


@pytest.mark.parametrize("element", ["null", "17", '"text"', "[]", "true", "{}"])
def test_an_element_that_is_no_trade_is_carried_on_without_fields(element: str) -> None:
    found = frame(element)
    assert [fields(trade) for trade in found.trades] == [(None,) * 5]
    assert found.payload_of(0) == element.encode()


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"data":[{"p":1', "not JSON"),
        (b'{"data":[NaN],"type":"trade"}', "not JSON"),
        (b'{"data":[],"type":"trade"} x', "not JSON"),
        (b"[" * 100_000, "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b'{"data":[{"p":' + b"[" * 100_000, "not JSON"),
        (b'{"x":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}", "not JSON"),
        (b"null", "not a JSON object"),
        (b'{"data":[{"p":1,"s":"\xff"}],"type":"trade"}', "not UTF-8"),
        (b'{"data":[{"other":"\xff"}],"type":"trade"}', "not UTF-8"),
        (b'{"data":[]}', "no type"),
        (b'{"data":[],"type":7}', "no type"),
        (b'{"type":"trade"}', "a trade frame without a list of trades"),
        (b'{"data":{"p":1},"type":"trade"}', "a trade frame without a list of trades"),
        (b'{"data":null,"type":"trade"}', "a trade frame without a list of trades"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_message_is_a_malformed_frame_with_its_bytes(payload: bytes, detail: str) -> None:
    message = parse_message(payload, NOW_MS)
    assert isinstance(message, Frame)
    assert message.rejection is not None
    assert (message.rejection.reason, message.rejection.detail) == (Reason.MALFORMED, detail)
    assert (message.payload, message.received_ms, message.trades) == (payload, NOW_MS, ())


def test_a_ping_is_a_heartbeat() -> None:
    assert event('{"type":"ping"}').kind is FeedEventKind.HEARTBEAT


@pytest.mark.parametrize("text", ["Invalid symbol", "Subscribing to too many symbols"])
def test_an_error_is_the_providers_with_its_words(text: str) -> None:
    got = event(json.dumps({"msg": text, "type": "error"}))
    assert (got.kind, got.detail) == (FeedEventKind.PROVIDER_ERROR, text)


@pytest.mark.parametrize("msg", ["", ',"msg":null', ',"msg":{"a":1.5}', ',"msg":17', ',"msg":"' + "x" * 9_999 + '"'])
def test_an_error_with_odd_words_is_still_one_and_short(msg: str) -> None:
    got = event('{"type":"error"' + msg + "}")
    assert got.kind is FeedEventKind.PROVIDER_ERROR
    assert len(got.detail) <= 200


@pytest.mark.parametrize("data", ["[]", "{}", "[{}]", "null", "7"])
def test_other_types_are_named_and_break_nothing(data: str) -> None:
    got = event(f'{{"data":{data},"type":"news"}}')
    assert (got.kind, got.detail) == (FeedEventKind.OTHER_MESSAGE, "news")


def test_a_frame_without_trades_is_a_frame_without_trades() -> None:
    assert trades("") == []


@pytest.mark.parametrize("symbol", ["AAPL", "IC MARKETS:1", 'with "quotes" \\ and é'])
def test_requests_are_json_of_the_documented_shape(symbol: str) -> None:
    assert json.loads(subscribe_message(symbol)) == {"type": "subscribe", "symbol": symbol}
    assert json.loads(unsubscribe_message(symbol)) == {"type": "unsubscribe", "symbol": symbol}
