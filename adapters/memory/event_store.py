"""Session events in memory, by key: of two events with one key the later one stays."""

import threading
from collections.abc import Iterable, Iterator
from typing import Self

from domain.session import SessionEvent

_Key = tuple[int, str, str, str]


class MemoryEventStore:
    """A `ports.event_store.EventStore`. Events stay readable after `close`, from any thread."""

    def __init__(self) -> None:
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
