"""The contents of a frame, computed in plain Python from its bytes: the trades with the content part of their ids, and the invalid trades.

Frames are those of the simulator: `{"data":[...],"type":"trade"}`, each trade with "t" in whole numbers. This knows nothing of the domain.
"""

import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

_DAY_MS: Final = 86_400_000
_decode = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal).raw_decode


def digest(payload: bytes) -> str:
    """Return a short name for bytes of any length."""
    return hashlib.blake2b(payload, digest_size=12).hexdigest()


def read_frame(payload: bytes, now_ms: int) -> tuple[list[tuple[str, int, str]], list[bytes]]:
    """Return symbol, milliseconds and checksum of each valid trade, in order, and the bytes of the invalid ones."""
    trades, rejected = [], []
    for text, trade in _elements(payload.decode()):
        if _is_valid(trade, now_ms):
            said = f"{_plain(trade['p'])}|{_plain(trade['v'])}|{','.join(trade.get('c') or ())}"
            trades.append((trade["s"], int(trade["t"]), f"{zlib.crc32(said.encode()):08x}"))
        else:
            rejected.append(text.encode())
    return trades, rejected


def is_trade_frame(payload: bytes) -> bool:
    """Return whether these bytes are a frame of trades, valid or not."""
    try:
        frame = json.loads(payload.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return isinstance(frame, dict) and frame.get("type") == "trade" and isinstance(frame.get("data"), list)


def _refuse(_name: str) -> None:
    raise ValueError("JSON has neither NaN nor Infinity")


def _elements(text: str) -> Iterator[tuple[str, Any]]:
    at = text.index("[") + 1
    while text[at] != "]":
        value, end = _decode(text, at)
        yield text[at:end], value
        at = end + (text[end] == ",")


def _is_valid(trade: Any, now_ms: int) -> bool:
    if not isinstance(trade, dict):
        return False
    symbol, codes = trade.get("s"), trade.get("c") or []
    numbers = [number for number in map(trade.get, "pvt") if isinstance(number, Decimal)]
    if not isinstance(symbol, str) or len(numbers) < 3:
        return False
    price, volume, at_ms = numbers
    return (
        re.fullmatch(r"[!-~](?:[ -~]{0,62}[!-~])?", symbol) is not None
        and 0 < price < 10**10
        and 0 <= volume < 10**15
        and all(number == round(number, 8) for number in (price, volume))
        and at_ms == int(at_ms)
        and -_DAY_MS < at_ms - now_ms <= 10_000
        and isinstance(codes, list)
        and all(isinstance(code, str) for code in codes)
    )


def _plain(number: Decimal) -> str:
    """Write a number in digits without needless zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
