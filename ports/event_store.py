"""Port: where the events of sessions are kept."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from domain.session import SessionEvent


class EventStore(Protocol):
    """Keeps events by symbol, and for each by (slot, instance, session, kind), see `SessionEvent.bucket_ms`.

    Of two with one key the later one by `at_ms` stays, in whatever order they are written: so a replay does no harm. An event without symbols is
    not kept.
    """

    def start(self) -> None:
        """Connect. Raises StoreError when the store cannot be reached."""
        ...

    def write(self, events: Iterable[SessionEvent]) -> None:
        """Keep events; on return all of them are kept. Raises StoreError, and then any of them may be kept: write them again."""
        ...

    def read(self, symbol: str, start_ms: int, end_ms: int) -> Iterator[SessionEvent]:
        """Give the events kept of the symbol, narrowed to it, that were told at start_ms or later and whose slot is before end_ms, by time. Raises StoreError.

        Since an event claims what was seen before it, what is to be known of a span is told in it and within the hour after its end.
        """
        ...

    def close(self) -> None:
        """Let go of the connection; closing twice is fine."""
        ...
