"""The watchlist: which symbols are wanted, and which of them an instance covers by the partitions that it has.

1. An entry is a record of a compacted topic: the key is the symbol, the value JSON such as `{"v":1,"added_ms":1680286537580}`. A record
   without a value takes the entry away.
2. Only the time of adding is read from a value. One that cannot be read is wanted all the same, behind all others: a newer version may have
   written it. A key that is no symbol is no entry.
3. A symbol that stands on several partitions counts on the lowest one, so it is covered once.
4. An instance covers at most as many symbols as its key allows, those first that were added first: adding one never displaces another.
   The others wait.
"""

import json
from collections.abc import Collection, Iterable
from typing import Final

import attrs

from .validation import is_symbol

SCHEMA_VERSION: Final = 1
LAST: Final = 2**63 - 1
"""When an entry was added whose value does not tell."""


@attrs.frozen(kw_only=True)
class Entry:
    """A symbol that is wanted."""

    symbol: str
    added_ms: int
    partition: int


@attrs.frozen(kw_only=True)
class Share:
    """What one instance has to do with the watchlist."""

    symbols: tuple[str, ...] = ()
    """To be covered, the oldest first."""
    waiting: tuple[str, ...] = ()
    """Its own as well, and more than its key can carry."""


def encode_value(added_ms: int) -> bytes:
    """Write the value of an entry."""
    return json.dumps({"v": SCHEMA_VERSION, "added_ms": added_ms}, separators=(",", ":")).encode()


class Book:
    """All that is on the list, kept up record by record."""

    def __init__(self) -> None:
        self._added: dict[int, dict[str, int]] = {}

    def take(self, partition: int, key: bytes | None, value: bytes | None) -> bool:
        """Take the next record of a partition; False when its key is no symbol, and then it changes nothing."""
        symbol = _text(key)
        if symbol is None or not is_symbol(symbol):
            return False
        listed = self._added.setdefault(partition, {})
        if value is not None:
            listed[symbol] = _added_ms(value)
        else:
            listed.pop(symbol, None)
        return True

    def entries(self) -> list[Entry]:
        """Give each symbol once, on the partition where it counts, the oldest first."""
        found = {
            symbol: Entry(symbol=symbol, added_ms=added_ms, partition=partition)
            for partition, listed in sorted(self._added.items(), reverse=True)
            for symbol, added_ms in listed.items()
        }
        return sorted(found.values(), key=lambda entry: (entry.added_ms, entry.symbol))

    def places(self, symbol: str) -> list[int]:
        """Give every partition on which a symbol stands; usually none or one."""
        return sorted(partition for partition, listed in self._added.items() if symbol in listed)

    def emptiest(self, partitions: Iterable[int]) -> int:
        """Choose for a new symbol: the partition with the fewest, the lowest of several. Raises ValueError when there is none to choose from."""
        return min(partitions, key=lambda partition: (len(self._added.get(partition, ())), partition))


def share_of(entries: Iterable[Entry], partitions: Collection[int], cap: int) -> Share:
    """Give the part of an instance with these partitions, and a key that carries `cap` symbols; entries as `Book.entries` gives them."""
    own = tuple(entry.symbol for entry in entries if entry.partition in partitions)
    return Share(symbols=own[:cap], waiting=own[cap:])


def _text(key: bytes | None) -> str | None:
    try:
        return None if key is None else key.decode("ascii")
    except UnicodeDecodeError:
        return None


def _added_ms(value: bytes) -> int:
    try:
        added_ms = json.loads(value)["added_ms"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return LAST
    return added_ms if type(added_ms) is int and 0 <= added_ms < LAST else LAST
