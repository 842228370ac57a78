"""Trades that break a rule, and frames that cannot be decoded, for the quirks that send them."""

import random
from typing import Final

_INVALID: Final = (
    '{"c":null,"p":-1.5,"s":%(symbol)s,"t":%(t)d,"v":1}',
    '{"c":null,"p":0,"s":%(symbol)s,"t":%(t)d,"v":1}',
    '{"c":null,"p":1e400,"s":%(symbol)s,"t":%(t)d,"v":1}',
    '{"c":null,"p":1.123456789,"s":%(symbol)s,"t":%(t)d,"v":1}',
    '{"c":null,"p":"1.5","s":%(symbol)s,"t":%(t)d,"v":1}',
    '{"c":null,"s":%(symbol)s,"t":%(t)d,"v":1}',
    '{"c":null,"p":1.5,"s":%(symbol)s,"t":%(t)d,"v":-3}',
    '{"c":null,"p":1.5,"s":%(symbol)s,"t":%(t)d,"v":null}',
    '{"c":null,"p":1.5,"s":%(symbol)s,"t":%(future)d,"v":1}',
    '{"c":null,"p":1.5,"s":%(symbol)s,"t":1,"v":1}',
    '{"c":null,"p":1.5,"s":%(symbol)s,"t":"%(t)d","v":1}',
    '{"c":null,"p":1.5,"s":"","t":%(t)d,"v":1}',
    '{"c":null,"p":1.5,"s":null,"t":%(t)d,"v":1}',
    '{"c":[1,2],"p":1.5,"s":%(symbol)s,"t":%(t)d,"v":1}',
    "null",
    "17",
)
_YEAR_MS: Final = 31_536_000_000

_GARBAGE: Final = (
    b"",
    b"not json",
    b'{"data":[{"c":null,"p":1.5,"s":"CUT","t":17',
    b'{"data":[{"c":null,"p":1.5,"s":"\xff\xfe","t":1,"v":1}],"type":"trade"}',
    b'{"data":{"p":1},"type":"trade"}',
    b'{"data":"trade","type":"trade"}',
    b'{"type":"trade"}',
    b'{"data":[]}',
    b'{"type":7}',
    b"[1,2,3]",
    b"null",
    b'{"data":[NaN],"type":"trade"}',
    b"[" * 20_000,
    b'{"data":[],"type":"' + b"x" * 100_000 + b'"',
)
OTHER_TYPES: Final = (
    b'{"data":[{"category":"company","headline":"An announcement","id":1}],"type":"news"}',
    b'{"data":{"headline":"A press release"},"type":"pr"}',
)


def invalid_trade(rng: random.Random, symbol: str, timestamp_ms: int) -> str:
    """Return one trade as JSON that every validation rejects."""
    values = {"symbol": f'"{symbol}"', "t": timestamp_ms, "future": timestamp_ms + _YEAR_MS}
    return rng.choice(_INVALID) % values


def garbage(rng: random.Random) -> bytes:
    """Return one payload that cannot be decoded as a frame of trades."""
    return rng.choice(_GARBAGE)
