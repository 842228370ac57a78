"""Session events in memory, by key: of two events with one key the later one stays.

A store keeps all events, or with `capacity` only the newest events of each symbol, as the TTL of a real store deletes the oldest.
"""

import threading
from collections.abc import Iterable, Iterator
from typing import Self

from domain.session import SessionEvent

_Key = tuple[int, str, str, str]


class MemoryEventStore:
    """A `ports.event_store.EventStore`. Events stay readable after `close`, from any thread."""

    def __init__(self, *, capacity: int | None = None) -> None:
        """Create an empty store; `capacity` is in events per symbol, None for no limit."""
        self._capacity = capacity
        self._lock = threading.Lock()
        self._events: dict[str, dict[_Key, SessionEvent]] = {}

    def start(self) -> None:
        """Do nothing: there is nothing to connect to."""

    def write(self, events: Iterable[SessionEvent]) -> None:
        """Store events, for each of their symbols."""
        with self._lock:
            for event in events:
                key = (event.bucket_ms, event.instance, event.session, event.kind)
                for symbol in event.symbols:
                    kept = self._events.setdefault(symbol, {})
                    if key not in kept or kept[key].at_ms <= event.at_ms:
                        kept[key] = event.about(symbol)
                    # In bulk, an eighth over: sorting at every write would cost more than the memory saved.
                    if self._capacity is not None and len(kept) > self._capacity + self._capacity // 8:
                        self._events[symbol] = _newest(kept, self._capacity)

    def read(self, symbol: str, start_ms: int, end_ms: int) -> Iterator[SessionEvent]:
        """Return the symbol's events with at_ms >= start_ms and bucket_ms < end_ms, by time."""
        with self._lock:
            found = [
                event
                for event in self._events.get(symbol, {}).values()
                if event.at_ms >= start_ms and event.bucket_ms < end_ms
            ]
        return iter(sorted(found, key=lambda event: (event.at_ms, event.instance, event.session, event.kind)))

    def close(self) -> None:
        """Do nothing: the events stay readable."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _newest(kept: dict[_Key, SessionEvent], count: int) -> dict[_Key, SessionEvent]:
    by_time = sorted(kept.items(), key=lambda item: item[1].at_ms)
    return dict(by_time[-count:])
