"""Events of sessions in memory, by key: of two with one key the later one stays."""

import threading
from collections.abc import Iterable, Iterator
from typing import Self

from domain.session import SessionEvent

_Key = tuple[int, str, str, str]


class MemoryEventStore:
    """A `ports.event_store.EventStore`. What is kept stays readable after `close`, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, dict[_Key, SessionEvent]] = {}

    def start(self) -> None:
        """Begin; there is nothing to connect to."""

    def write(self, events: Iterable[SessionEvent]) -> None:
        """Keep events, for each of their symbols."""
        with self._lock:
            for event in events:
                key = (event.bucket_ms, event.instance, event.session, event.kind)
                for symbol in event.symbols:
                    kept = self._kept.setdefault(symbol, {})
                    if key not in kept or kept[key].at_ms <= event.at_ms:
                        kept[key] = event.about(symbol)

    def read(self, symbol: str, start_ms: int, end_ms: int) -> Iterator[SessionEvent]:
        """Give the symbol's events told at start_ms or later, whose slot is before end_ms, by time."""
        with self._lock:
            found = [
                event
                for event in self._kept.get(symbol, {}).values()
                if event.at_ms >= start_ms and event.bucket_ms < end_ms
            ]
        return iter(sorted(found, key=lambda event: (event.at_ms, event.instance, event.session, event.kind)))

    def close(self) -> None:
        """End; what is kept stays readable."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
