"""Finnhub's messages, from bytes to domain values and back (https://finnhub.io/docs/api/websocket-trades).

1. `parse_message` is total: it returns a message for every sequence of bytes, and never raises.
2. A frame becomes a `Frame` with the rejection `malformed` when it is not UTF-8, not a JSON object with a type, or of type `trade` without a list
   of trades.
3. Within a decoded frame each trade is independent. A field that is missing or of a wrong type is passed on as it is, and an element that is not
   an object has no fields: the domain rejects it with a reason, and the other trades are not affected.
4. Numbers are exact: a Decimal of the digits as sent, or an int. No float is made.

Fast path: one typed decode of the whole frame. When it fails, each trade is decoded separately; everything else goes through `_unusual`, which
is slow and careful.
"""

import json
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Final, overload

import msgspec

from domain.feed import FeedEvent, FeedEventKind, FeedMessage, Frame
from domain.rejection import Reason, Rejection

_DETAIL_LENGTH: Final = 200
_EXPONENT_LIMIT: Final = 10**15
"""Decimal takes exponents of 18 digits; a number beyond this one is out of every range anyway."""


class _TradeFields(
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
    data: list[_TradeFields] | None = None
    msg: object = None


class _Message(msgspec.Struct):
    type: str
    data: list[msgspec.Raw] | None = None
    msg: object = None


class _AnyMessage(msgspec.Struct):
    """Matches every object, whatever its fields hold."""

    type: object = None
    msg: object = None


_decode_typed = msgspec.json.Decoder(_TypedFrame, float_hook=Decimal).decode
_decode_message = msgspec.json.Decoder(_Message).decode
_decode_any = msgspec.json.Decoder(_AnyMessage, float_hook=str).decode
_decode_trade = msgspec.json.Decoder(_TradeFields, float_hook=Decimal).decode

# Raised by msgspec and by Decimal on odd input: bad JSON or UTF-8, numbers beyond all bounds, brackets nested too deep.
_DECODE_ERRORS: Final = (ValueError, ArithmeticError, RecursionError, msgspec.MsgspecError)


def subscribe_message(symbol: str) -> bytes:
    """Return the request to receive a symbol."""
    return msgspec.json.encode({"type": "subscribe", "symbol": symbol})


def unsubscribe_message(symbol: str) -> bytes:
    """Return the request to stop receiving a symbol."""
    return msgspec.json.encode({"type": "unsubscribe", "symbol": symbol})


def parse_message(payload: bytes, received_ms: int) -> FeedMessage:
    """Decode one WebSocket frame, received at this time (ms since the epoch). Never raises."""
    try:
        if not payload.isascii():
            payload.decode()
        usual = _decode_typed(payload)
    except _DECODE_ERRORS:
        return _one_by_one(payload, received_ms)
    if usual.type == "trade" and usual.data is not None:
        return Frame(payload=payload, received_ms=received_ms, trades=usual.data, payloads=_TradePayloads(payload))
    return _event(usual.type, usual.msg, payload, received_ms)


def _one_by_one(payload: bytes, received_ms: int) -> FeedMessage:
    try:
        payload.decode()
        message = _decode_message(payload)
    except _DECODE_ERRORS:
        return _unusual(payload, received_ms)
    if message.type == "trade" and message.data is not None:
        payloads = [bytes(raw) for raw in message.data]
        trades = [_decode_one(trade) for trade in payloads]
        return Frame(payload=payload, received_ms=received_ms, trades=trades, payloads=payloads)
    return _event(message.type, message.msg, payload, received_ms)


def trade_payloads(frame: bytes) -> list[bytes]:
    """Cut the bytes of each trade out of a frame. Raise msgspec.MsgspecError for a frame that is not one of trades."""
    return [bytes(raw) for raw in _decode_message(frame).data or ()]


class _TradePayloads(Sequence[bytes]):
    """The bytes of each trade of a frame. They are cut out at the first access, which is rare: few trades are rejected."""

    def __init__(self, frame: bytes) -> None:
        self._frame = frame

    @cached_property
    def _payloads(self) -> list[bytes]:
        return trade_payloads(self._frame)

    def __len__(self) -> int:
        return len(self._payloads)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        return self._payloads[index]


def _decode_one(payload: bytes) -> _TradeFields:
    try:
        return _decode_trade(payload)
    except _DECODE_ERRORS:
        return _odd_trade(payload)


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
    # A trade frame comes here only when its data is not a list.
    return _event(message.type, message.msg, payload, received_ms)


def _odd_trade(payload: bytes) -> _TradeFields:
    """Decode what the fast decoder refuses: numbers of thousands of digits, and elements that are not objects."""
    try:
        fields = json.loads(payload, parse_int=_exact, parse_float=_exact)
    except _DECODE_ERRORS:
        return _TradeFields()
    if not isinstance(fields, dict):
        return _TradeFields()
    return _TradeFields(*map(fields.get, "spvtc"))


def _exact(digits: str) -> Decimal | int:
    """Return a number's exact value, or one with its sign that is out of all bounds as well."""
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
