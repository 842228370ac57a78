"""A watchlist in memory, shared out among the instances of this process as Kafka does it: by partitions.

A partition that is to be another's stays with its owner until that has polled and covers it no longer. Any thread may edit; each share is used
by one.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from typing import Final, Self

from adapters.system_clock import system_clock
from domain.validation import is_symbol
from domain.watchlist import Book, Entry, Share, encode_value, share_of
from ports.clock import Clock
from ports.errors import BrokerError

PARTITIONS: Final = 12


class MemoryWatchlistEditor:
    """The list itself, a `ports.watchlist_editor.WatchlistEditor`."""

    def __init__(self, *, partitions: int = PARTITIONS, now_ms: Clock = system_clock) -> None:
        self._partitions = range(partitions)
        self._now_ms = now_ms
        self._lock = threading.RLock()
        self._book = Book()
        self._members: list[MemoryWatchlist] = []
        self._owners: dict[int, MemoryWatchlist] = {}

    def start(self) -> None:
        """Do nothing: memory is there."""

    def entries(self) -> Sequence[Entry]:
        """Give all that is on the list."""
        with self._lock:
            return self._book.entries()

    def add(self, symbols: Collection[str]) -> Sequence[str]:
        """Put symbols on the list and give those that were not there."""
        for symbol in symbols:
            if not is_symbol(symbol):
                raise ValueError(f"no symbol: {symbol!r}")
        with self._lock:
            new = [symbol for symbol in dict.fromkeys(symbols) if not self._book.places(symbol)]
            value = encode_value(self._now_ms())
            for symbol in new:
                self._book.take(self._book.emptiest(self._partitions), symbol.encode(), value)
            return new

    def remove(self, symbols: Collection[str]) -> Sequence[str]:
        """Take symbols off the list and give those that were there."""
        with self._lock:
            gone = [symbol for symbol in dict.fromkeys(symbols) if self._book.places(symbol)]
            for symbol in gone:
                for partition in self._book.places(symbol):
                    self._book.take(partition, symbol.encode(), None)
            return gone

    def close(self) -> None:
        """Do nothing: the list stays for those who share it."""

    def join(self, member: "MemoryWatchlist") -> None:
        """Add an instance."""
        with self._lock:
            self._members.append(member)

    def leave(self, member: "MemoryWatchlist") -> None:
        """Take an instance out; what it had is free."""
        with self._lock:
            if member in self._members:
                self._members.remove(member)
            self._owners = {partition: owner for partition, owner in self._owners.items() if owner is not member}

    def tell(self, member: "MemoryWatchlist", cap: int, told: Share | None, cover: Callable[[Share], None]) -> Share:
        """Bring a member's share up to date: first what it loses, then what it may take."""
        with self._lock:
            turn = self._members.index(member)
            due = {partition for partition in self._partitions if partition % len(self._members) == turn}
            had = {partition for partition, owner in self._owners.items() if owner is member}
            kept = had & due
            if had - due:
                told = self._cover(kept, cap, told, cover)
                for partition in had - due:
                    del self._owners[partition]
            own = kept | {partition for partition in due if partition not in self._owners}
            self._owners |= dict.fromkeys(own, member)
            return self._cover(own, cap, told, cover)

    def _cover(
        self, partitions: Collection[int], cap: int, told: Share | None, cover: Callable[[Share], None]
    ) -> Share:
        share = share_of(self._book.entries(), partitions, cap)
        if share != told:
            cover(share)
        return share


class MemoryWatchlist:
    """A `ports.watchlist.Watchlist` of a list in memory."""

    def __init__(self, shared: MemoryWatchlistEditor, *, cap: int) -> None:
        self._list = shared
        self._cap = cap
        self._joined = False
        self._told: Share | None = None

    def start(self) -> None:
        """Take part."""
        if not self._joined:
            self._joined = True
            self._list.join(self)

    def poll(self, cover: Callable[[Share], None]) -> None:
        """Hand over the share when it has changed. Raises BrokerError when it is not open."""
        if not self._joined:
            raise BrokerError("the watchlist is not open")
        self._told = self._list.tell(self, self._cap, self._told, cover)

    def close(self) -> None:
        """Leave the others what was this instance's."""
        self._joined = False
        self._told = None
        self._list.leave(self)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
