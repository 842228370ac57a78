"""The identity of a trade, for a feed that sends no ids.

Several trades share a millisecond, even byte-identical ones inside one frame, and all are genuine. So the trades of one (symbol, millisecond)
are numbered in arrival order, and the id is `<ordinal, 4 digits>-<8 hex digits of a checksum of price, volume and conditions>`:

- deterministic: the same trades in the same order get the same ids, in any process;
- sorted: ids of one millisecond sort in arrival order, which breaks ties for open and close;
- safe over a restart of the process in mid-millisecond: the numbers start again, but different trades keep different ids by their checksum. A
  reconnect within the process does not restart the numbers.

Frames have also been delivered twice or more. A frame whose bytes equal those of a recent one is such a redelivery: no two
genuine ones were seen to be equal, because the feed gathers the trades of a moment in one frame.
"""

import zlib
from collections import deque
from decimal import Decimal
from hashlib import blake2b
from typing import Final

from .decimals import plain

TRADE_ID_PATTERN: Final = r"[0-9]{4,9}-[0-9a-f]{8}"
_PLACES: Final = tuple(f"{ordinal:04d}" for ordinal in range(100))
"""The texts of the first ordinals: a millisecond rarely has more trades, and formatting a number takes longer."""


def content_checksum(price: Decimal, volume: Decimal, conditions: tuple[str, ...]) -> str:
    """Return 8 hex digits (CRC-32) of a trade's content. Equal values have equal checksums, however they were written."""
    return checksum(f"{plain(price)}|{plain(volume)}|{','.join(conditions)}")


def checksum(text: str) -> str:
    """Return 8 hex digits (CRC-32) of a text."""
    return zlib.crc32(text.encode()).to_bytes(4).hex()


def make_trade_id(ordinal: int, checksum: str) -> str:
    """Return the id of an ordinal within the millisecond and a checksum. Ids sort by ordinal up to 10,000 trades in a millisecond, and stay unique beyond."""
    place = _PLACES[ordinal] if ordinal < len(_PLACES) else f"{ordinal:04d}"
    return f"{place}-{checksum}"


_SHORT_FRAME_BYTES: Final = 1024
"""A frame up to this size is kept as it is, which costs less than a digest. Of a larger frame the digest is kept."""


class TradeNumbering:
    """Number the trades of each (symbol, millisecond) from 0, in the order of the calls.

    The numbers of the last `capacity` milliseconds are kept, in the order of their first trade, so memory is bounded whatever the times are.
    """

    def __init__(self, capacity: int = 131_072) -> None:
        self._capacity = capacity
        self._next: dict[tuple[str, int], int] = {}
        self._order: deque[tuple[str, int]] = deque()
        """In the order of their first trade."""

    def next_ordinal(self, symbol: str, timestamp_ms: int) -> int:
        """Return the next number for this millisecond of this symbol."""
        moment = (symbol, timestamp_ms)
        ordinal = self._next.get(moment, 0)
        self._next[moment] = ordinal + 1
        if ordinal == 0:
            self._order.append(moment)
            if len(self._order) > self._capacity:
                del self._next[self._order.popleft()]
        return ordinal


class RedeliveryFilter:
    """Recognise frames that were delivered before, among the last `capacity` different frames."""

    def __init__(self, capacity: int = 1024) -> None:
        self._capacity = capacity
        self._seen: set[bytes] = set()
        self._order: deque[bytes] = deque()

    def is_redelivery(self, payload: bytes) -> bool:
        """Return whether these bytes came before, and remember them."""
        mark = payload if len(payload) <= _SHORT_FRAME_BYTES else blake2b(payload).digest()
        if mark in self._seen:
            return True
        self._seen.add(mark)
        self._order.append(mark)
        if len(self._order) > self._capacity:
            self._seen.discard(self._order.popleft())
        return False
