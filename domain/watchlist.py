"""The watchlist: which symbols are wanted, and which of them an instance covers.

1. The list is divided into numbered parts. An instance is assigned parts, and a part's symbols are its own.
2. A change of the list is a part, a key and a value: the key is the symbol, the value JSON such as `{"v":1,"added_ms":1680286537580}`. A change
   without a value removes the symbol from that part.
3. Only the time of adding is read from a value. A symbol whose value cannot be read is wanted all the same, after all others: a newer version may
   have written it. A change whose key is not a symbol is ignored.
4. A symbol that is in several parts counts in the lowest one, so it is covered once.
5. An instance covers at most as many symbols as its key allows, the oldest first: adding a symbol never displaces another. The rest waits.
"""

import json
from collections.abc import Collection, Iterable
from typing import Final

import attrs

from .validation import is_symbol

SCHEMA_VERSION: Final = 1
UNKNOWN_MS: Final = 2**63 - 1
"""When a symbol was added whose value does not state the time: after all others."""


@attrs.frozen(kw_only=True)
class Entry:
    """A symbol that is wanted."""

    symbol: str
    added_ms: int
    part: int


@attrs.frozen(kw_only=True)
class Share:
    """The symbols that the watchlist assigns to one instance."""

    symbols: tuple[str, ...] = ()
    """The symbols to cover, the oldest first."""
    waiting: tuple[str, ...] = ()
    """Symbols assigned to this instance beyond what its key allows."""


def encode_value(added_ms: int) -> bytes:
    """Write the value of an entry that was added at this time (ms since the epoch)."""
    return json.dumps({"v": SCHEMA_VERSION, "added_ms": added_ms}, separators=(",", ":")).encode()


class Book:
    """All entries of the list, kept up to date change by change."""

    def __init__(self) -> None:
        self._added: dict[int, dict[str, int]] = {}

    def take(self, part: int, key: bytes | None, value: bytes | None) -> bool:
        """Apply the next change of a part. Return False, with nothing changed, when the key is not a symbol."""
        symbol = _text(key)
        if symbol is None or not is_symbol(symbol):
            return False
        listed = self._added.setdefault(part, {})
        if value is not None:
            listed[symbol] = _added_ms(value)
        else:
            listed.pop(symbol, None)
        return True

    def entries(self) -> list[Entry]:
        """Return each symbol once, in the part where it counts, the oldest first."""
        found = {
            symbol: Entry(symbol=symbol, added_ms=added_ms, part=part)
            for part, listed in sorted(self._added.items(), reverse=True)
            for symbol, added_ms in listed.items()
        }
        return sorted(found.values(), key=lambda entry: (entry.added_ms, entry.symbol))

    def parts_of(self, symbol: str) -> list[int]:
        """Return every part that has the symbol, the lowest first; usually none or one."""
        return sorted(part for part, listed in self._added.items() if symbol in listed)

    def emptiest(self, parts: Iterable[int]) -> int:
        """Return the part for a new symbol: the one with the fewest, and the lowest of equals. Raise ValueError when there are no parts."""
        return min(parts, key=lambda part: (len(self._added.get(part, ())), part))


def share_of(entries: Iterable[Entry], parts: Collection[int], cap: int) -> Share:
    """Return the share of an instance with these parts and a key that allows `cap` symbols; entries in the order of `Book.entries`."""
    own = tuple(entry.symbol for entry in entries if entry.part in parts)
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
        return UNKNOWN_MS
    return added_ms if type(added_ms) is int and 0 <= added_ms < UNKNOWN_MS else UNKNOWN_MS
