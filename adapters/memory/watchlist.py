"""A watchlist in memory, divided among the instances of this process as Kafka divides it: by parts.

A part that moves to another instance stays with its owner until that has polled, and no longer covers the part's symbols. Any thread may edit;
each instance's watchlist is for one thread.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from typing import Final, Self

from adapters.system_clock import system_clock
from domain.validation import is_symbol
from domain.watchlist import Book, Entry, Share, encode_value, share_of
from ports.clock import Clock
from ports.errors import BrokerError

PARTS: Final = 12


class MemoryWatchlistEditor:
    """The list itself, a `ports.watchlist_editor.WatchlistEditor`."""

    def __init__(self, *, parts: int = PARTS, now_ms: Clock = system_clock) -> None:
        self._parts = range(parts)
        self._now_ms = now_ms
        self._lock = threading.RLock()
        self._book = Book()
        self._members: list[MemoryWatchlist] = []
        self._owners: dict[int, MemoryWatchlist] = {}

    def start(self) -> None:
        """Do nothing: there is nothing to connect to."""

    def entries(self) -> Sequence[Entry]:
        """Return the whole list."""
        with self._lock:
            return self._book.entries()

    def add(self, symbols: Collection[str]) -> Sequence[str]:
        """Add symbols, and return those that were not on the list."""
        for symbol in symbols:
            if not is_symbol(symbol):
                raise ValueError(f"not a symbol: {symbol!r}")
        with self._lock:
            new = [symbol for symbol in dict.fromkeys(symbols) if not self._book.parts_of(symbol)]
            value = encode_value(self._now_ms())
            for symbol in new:
                self._book.take(self._book.emptiest(self._parts), symbol.encode(), value)
            return new

    def remove(self, symbols: Collection[str]) -> Sequence[str]:
        """Remove symbols, and return those that were on the list."""
        with self._lock:
            removed = [symbol for symbol in dict.fromkeys(symbols) if self._book.parts_of(symbol)]
            for symbol in removed:
                for part in self._book.parts_of(symbol):
                    self._book.take(part, symbol.encode(), None)
            return removed

    def close(self) -> None:
        """Do nothing: the list stays for the instances that share it."""

    def join(self, member: "MemoryWatchlist") -> None:
        """Add an instance."""
        with self._lock:
            self._members.append(member)

    def leave(self, member: "MemoryWatchlist") -> None:
        """Remove an instance, and free its parts."""
        with self._lock:
            if member in self._members:
                self._members.remove(member)
            self._owners = {part: owner for part, owner in self._owners.items() if owner is not member}

    def update(
        self, member: "MemoryWatchlist", cap: int, current: Share | None, cover: Callable[[Share], None]
    ) -> Share:
        """Bring a member's share up to date: first what it loses, then what it may take. Return the new share."""
        with self._lock:
            turn = self._members.index(member)
            due = {part for part in self._parts if part % len(self._members) == turn}
            had = {part for part, owner in self._owners.items() if owner is member}
            kept = had & due
            if had - due:
                current = self._cover(kept, cap, current, cover)
                for part in had - due:
                    del self._owners[part]
            own = kept | {part for part in due if part not in self._owners}
            self._owners |= dict.fromkeys(own, member)
            return self._cover(own, cap, current, cover)

    def _cover(self, parts: Collection[int], cap: int, current: Share | None, cover: Callable[[Share], None]) -> Share:
        share = share_of(self._book.entries(), parts, cap)
        if share != current:
            cover(share)
        return share


class MemoryWatchlist:
    """A `ports.watchlist.Watchlist` of a list in memory."""

    def __init__(self, shared: MemoryWatchlistEditor, *, cap: int) -> None:
        self._list = shared
        self._cap = cap
        self._joined = False
        self._share: Share | None = None

    def start(self) -> None:
        """Take part."""
        if not self._joined:
            self._joined = True
            self._list.join(self)

    def poll(self, cover: Callable[[Share], None]) -> None:
        """Call `cover` with the share when it has changed. Raise BrokerError when it is not open."""
        if not self._joined:
            raise BrokerError("the watchlist is not open")
        self._share = self._list.update(self, self._cap, self._share, cover)

    def close(self) -> None:
        """Leave the list, and free this instance's symbols."""
        self._joined = False
        self._share = None
        self._list.leave(self)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
