"""Finnhub's messages, from bytes to domain values and back (https://finnhub.io/docs/api/websocket-trades).

1. `parse_message` is total: every sequence of bytes gives a message, none raises.
2. A frame that is no JSON object with a type, no UTF-8, or of type `trade` without a list of trades, is a `Frame` with the rejection `malformed`.
3. Within a good frame each trade stands for itself: a field that is missing or of a wrong type is carried on as what it is, an element
   that is no object at all has no fields, and the domain says what is wrong with it. The others are not harmed.
4. Numbers are exact: a Decimal of the digits as they stand, or an int. No float is made on the way.

One typed decode does the usual frame. Where it fails each trade is decoded by itself; everything odd goes through `_unusual`, slow and careful.
"""

import json
from decimal import Decimal
from typing import Final

import msgspec

from domain.feed import DecodedTrades, FeedEvent, FeedEventKind, FeedMessage, Frame, RawTrade
from domain.rejection import Reason, Rejection

_DETAIL_LENGTH: Final = 200
_EXPONENT_LIMIT: Final = 10**15
"""Decimal takes exponents of 18 digits; whatever needs more than this one is out of every range anyway."""


class _Fields(
    msgspec.Struct,
    rename={"symbol": "s", "price": "p", "volume": "v", "timestamp_ms": "t", "conditions": "c"},
    gc=False,
):
    symbol: object = None
    price: object = None
    volume: object = None
    timestamp_ms: object = None
    conditions: object = None


class _TypedFrame(msgspec.Struct):
    type: str
    data: list[_Fields] | None = None
    msg: object = None


class _Message(msgspec.Struct):
    type: str
    data: list[msgspec.Raw] | None = None
    msg: object = None


class _AnyMessage(msgspec.Struct):
    """What every object fits in, whatever its fields hold."""

    type: object = None
    msg: object = None


_decode_typed = msgspec.json.Decoder(_TypedFrame, float_hook=Decimal).decode
_decode_message = msgspec.json.Decoder(_Message).decode
_decode_any = msgspec.json.Decoder(_AnyMessage, float_hook=str).decode
_decode_trade = msgspec.json.Decoder(_Fields, float_hook=Decimal).decode

# Raised by msgspec and by Decimal on odd input: bad JSON or UTF-8, numbers beyond all bounds, brackets nested too deep.
_DECODE_ERRORS: Final = (ValueError, ArithmeticError, RecursionError, msgspec.MsgspecError)


def subscribe_message(symbol: str) -> bytes:
    """Write the request to receive a symbol."""
    return msgspec.json.encode({"type": "subscribe", "symbol": symbol})


def unsubscribe_message(symbol: str) -> bytes:
    """Write the request to receive a symbol no longer."""
    return msgspec.json.encode({"type": "unsubscribe", "symbol": symbol})


def parse_message(payload: bytes, received_ms: int) -> FeedMessage:
    """Make a message of one WebSocket frame, received at this time (ms since the epoch). Never raises."""
    try:
        if not payload.isascii():
            payload.decode()
        usual = _decode_typed(payload)
    except _DECODE_ERRORS:
        return _one_by_one(payload, received_ms)
    if usual.type == "trade" and usual.data is not None:
        trades = DecodedTrades(usual.data, lambda: _trades(payload))
        return Frame(payload=payload, received_ms=received_ms, trades=trades)
    return _event(usual.type, usual.msg, payload, received_ms)


def _one_by_one(payload: bytes, received_ms: int) -> FeedMessage:
    try:
        payload.decode()
        message = _decode_message(payload)
    except _DECODE_ERRORS:
        return _unusual(payload, received_ms)
    if message.type == "trade" and message.data is not None:
        return Frame(payload=payload, received_ms=received_ms, trades=[_trade(raw) for raw in message.data])
    return _event(message.type, message.msg, payload, received_ms)


def _trades(payload: bytes) -> list[RawTrade]:
    return [_trade(raw) for raw in _decode_message(payload).data or ()]


def _trade(raw: msgspec.Raw) -> RawTrade:
    payload = bytes(raw)
    try:
        trade = _decode_trade(payload)
    except _DECODE_ERRORS:
        trade = _odd_trade(payload)
    return RawTrade(
        symbol=trade.symbol,
        price=trade.price,
        volume=trade.volume,
        timestamp_ms=trade.timestamp_ms,
        conditions=trade.conditions,
        payload=payload,
    )


def _event(kind: str, text: object, payload: bytes, received_ms: int) -> FeedMessage:
    if kind == "ping":
        return FeedEvent(kind=FeedEventKind.HEARTBEAT, at_ms=received_ms)
    if kind == "error":
        return FeedEvent(kind=FeedEventKind.PROVIDER_ERROR, at_ms=received_ms, detail=_short(text))
    if kind == "trade":
        return _malformed(payload, received_ms, "a trade frame without a list of trades")
    return FeedEvent(kind=FeedEventKind.OTHER_MESSAGE, at_ms=received_ms, detail=_short(kind))


def _unusual(payload: bytes, received_ms: int) -> FeedMessage:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return _malformed(payload, received_ms, "not UTF-8")
    try:
        message = _decode_any(payload)
    except msgspec.ValidationError:
        return _malformed(payload, received_ms, "not a JSON object")
    except _DECODE_ERRORS:
        return _malformed(payload, received_ms, "not JSON")
    if not isinstance(message.type, str):
        return _malformed(payload, received_ms, "no type")
    # What brought a trade frame here is that its data is no list.
    return _event(message.type, message.msg, payload, received_ms)


def _odd_trade(payload: bytes) -> _Fields:
    """Read what a fast decode would not: numbers of thousands of digits, and elements that are no objects."""
    try:
        fields = json.loads(payload, parse_int=_exact, parse_float=_exact)
    except _DECODE_ERRORS:
        return _Fields()
    if not isinstance(fields, dict):
        return _Fields()
    return _Fields(*map(fields.get, "spvtc"))


def _exact(digits: str) -> Decimal | int:
    """Keep a number's value, or at least its sign and that it is out of all bounds."""
    if len(digits) <= 18 and digits.lstrip("-").isdigit():
        return int(digits)
    try:
        return Decimal(digits)
    except ArithmeticError:
        mantissa, _, exponent = digits.lower().partition("e")
        bound = -_EXPONENT_LIMIT if exponent.startswith("-") else _EXPONENT_LIMIT
        return Decimal(f"{mantissa}e{bound}")


def _short(text: object) -> str:
    return str(text)[:_DETAIL_LENGTH] if text is not None else ""


def _malformed(payload: bytes, received_ms: int, detail: str) -> Frame:
    rejection = Rejection(reason=Reason.MALFORMED, detail=detail)
    return Frame(payload=payload, received_ms=received_ms, rejection=rejection)
