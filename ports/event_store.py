"""Port: where session events are stored."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from domain.session import SessionEvent


class EventStore(Protocol):
    """Stores events by symbol, and for each symbol by (bucket, instance, session, kind), see `SessionEvent.bucket_ms`.

    Of two events with one key the later one by `at_ms` stays, in whatever order they are written, so a replay is harmless. An event without symbols
    is not stored.
    """

    def start(self) -> None:
        """Connect. Raise StoreError when the store cannot be reached."""
        ...

    def write(self, events: Iterable[SessionEvent]) -> None:
        """Persist events; after the return all of them are stored. After a StoreError any of them may be stored: write them again."""
        ...

    def read(self, symbol: str, start_ms: int, end_ms: int) -> Iterator[SessionEvent]:
        """Return the symbol's events with at_ms >= start_ms and bucket_ms < end_ms, narrowed to this symbol, by time. Raise StoreError.

        An event claims the time before it, so read on for `domain.gaps.LOOK_AHEAD_MS` after the end of a span to find all claims about it.
        """
        ...

    def close(self) -> None:
        """Release the connection. Closing twice is fine."""
        ...
