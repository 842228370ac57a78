"""The record of a trade on the topic: JSON of one fixed form, schema version 1.

The form is a regular language, so one pattern decides in Python and in Java what a record is: the fields below in this order, no
blanks, numbers in plain digits, printable ASCII without escapes. Scalar fields may be added at the end (up to 16) and are ignored: that is how
the schema grows. Anything else is another version and is rejected.

    {"v":1,"symbol":"BINANCE:BTCUSDT","price":64123.45,"volume":0.0012,"timestamp_ms":1680286537580,"trade_id":"0000-0a1b2c3d",
     "conditions":["1","12"],"received_ms":1680286537601,"venue":"BINANCE","asset_class":"crypto"}

The amounts and `timestamp_ms` allow more digits than a valid trade has, and a minus sign, so that a wrong one is rejected for its own reason. A
`received_ms` outside the valid times (`domain.window`) makes the record malformed.
"""

import re
from decimal import Decimal
from typing import Final

import attrs

from .decimals import plain
from .identity import TRADE_ID_PATTERN
from .rejection import Reason, Rejection
from .rules import Rules
from .trade import Trade, write_trade
from .validation import CONDITION_PATTERN, MAX_CONDITIONS, TEXT_CLASS, check
from .window import TIME_PATTERN

SCHEMA_VERSION: Final = 1
FIELDS: Final = (
    "v", "symbol", "price", "volume", "timestamp_ms", "trade_id", "conditions", "received_ms", "venue", "asset_class",
)  # fmt: skip
MAX_RECORD_BYTES: Final = 4096

_NUMBER = r"-?(?:0|[1-9][0-9]{0,19})(?:\.[0-9]{1,18})?"
_MILLISECONDS = r"-?(?:0|[1-9][0-9]{0,14})"
_CONDITIONS = rf'(?:"{CONDITION_PATTERN}"(?:,"{CONDITION_PATTERN}"){{0,{MAX_CONDITIONS - 1}}})?'
ADDED_FIELD_VALUE: Final = rf'(?:{_NUMBER}|"{TEXT_CLASS}{{0,64}}"|true|false|null)'
"""What a field that a later schema adds may hold."""
_ADDED = rf'(?:,"(?!(?:{"|".join(FIELDS)})")[a-z][a-z0-9_]{{0,31}}":{ADDED_FIELD_VALUE}){{0,16}}'
VERSION_PATTERN: Final = r'\{"v":[0-9]{1,9},"'
RECORD_PATTERN: Final = (
    rf'\{{"v":{SCHEMA_VERSION},"symbol":"({TEXT_CLASS}{{0,128}})","price":({_NUMBER}),"volume":({_NUMBER}),'
    rf'"timestamp_ms":({_MILLISECONDS}),"trade_id":"({TRADE_ID_PATTERN})","conditions":\[({_CONDITIONS})\],'
    rf'"received_ms":({TIME_PATTERN}),"venue":"({TEXT_CLASS}{{0,64}})","asset_class":"([a-z_]{{1,16}})"{_ADDED}\}}'
)
"""Matches a whole record. Spark's Java uses the same text, see `adapters/spark`. Its groups are the values of `FIELDS` after `v`."""

_HEAD: Final = f'{{"v":{SCHEMA_VERSION},"symbol":'

_record = re.compile(RECORD_PATTERN, re.ASCII)
_version = re.compile(VERSION_PATTERN, re.ASCII)
_quoted = re.compile(r'"([^"]*)"')


@attrs.frozen(kw_only=True)
class TopicRecord:
    """One record of a topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    appended_ms: int
    """When the broker appended it, by the broker's clock."""

    @property
    def source(self) -> str:
        """The place of this record: the source of a dead letter."""
        return f"{self.topic}/{self.partition}/{self.offset}"


def encode(trade: Trade) -> bytes:
    """Return the record of a trade."""
    conditions = '","'.join(trade.conditions)
    if trade.conditions:
        conditions = f'"{conditions}"'
    # `plain` writes them so; it is called only for a text that may be written in another way.
    price, volume = str(trade.price), str(trade.volume)
    if price[-1] == "0" or "E" in price:
        price = plain(trade.price)
    if volume[-1] == "0" or "E" in volume:
        volume = plain(trade.volume)
    text = (
        f'{_HEAD}"{trade.symbol}","price":{price},"volume":{volume},'
        f'"timestamp_ms":{trade.timestamp_ms},"trade_id":"{trade.trade_id}","conditions":[{conditions}],'
        f'"received_ms":{trade.received_ms},"venue":"{trade.venue}","asset_class":"{trade.asset_class}"}}'
    )
    return text.encode()


def decode(value: bytes | None, *, appended_ms: int, rules: Rules) -> Trade | Rejection:
    """Return the trade of a record, checked by every rule again, or the rejection. Never raises.

    The earlier of the times of reception and of appending counts as the present. So the outcome is the same at every reading, a recording keeps its
    own clock, and no record can move its own future.
    """
    if value is None or len(value) > MAX_RECORD_BYTES:
        return Rejection(reason=Reason.MALFORMED, detail=f"record: empty, or over {MAX_RECORD_BYTES} bytes")
    text = value.decode("ascii", errors="replace")
    match = _record.fullmatch(text)
    if match is None:
        return _explain(text)
    symbol, price, volume, timestamp, trade_id, conditions, received, venue, asset_class = match.groups()
    exact_price, exact_volume = Decimal(price), Decimal(volume)
    timestamp_ms, received_ms = int(timestamp), int(received)
    now_ms = min(received_ms, appended_ms)
    rejection = check(symbol, exact_price, exact_volume, timestamp_ms, now_ms=now_ms, rules=rules)
    if rejection is not None:
        return rejection
    codes = tuple(_quoted.findall(conditions)) if conditions else ()
    return write_trade(
        symbol, exact_price, exact_volume, timestamp_ms, trade_id, codes, received_ms, venue, asset_class
    )


def _explain(text: str) -> Rejection:
    """Return the rejection: another version, or not a record."""
    if _version.match(text) and not text.startswith(f'{{"v":{SCHEMA_VERSION},'):
        return Rejection(reason=Reason.UNSUPPORTED_VERSION, detail=f"v: not {SCHEMA_VERSION}")
    return Rejection(reason=Reason.MALFORMED, detail="record: not of the form of schema version 1")
