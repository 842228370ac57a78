"""A feed in memory: it returns the messages that are pushed to it, in that order."""

import threading
import time
from collections import deque
from collections.abc import Iterable

import attrs

from domain.feed import FeedMessage, Frame
from ports.errors import EndOfFeed, FeedError


class MemoryFeed:
    """A `ports.feed.Feed` of messages that the embedding program pushes, from any thread. Read by one thread.

    Like a replay it returns all trades while no symbols are subscribed, and otherwise only trades of those symbols. Messages are buffered without a
    bound until they are read.
    """

    def __init__(self, messages: Iterable[FeedMessage] = ()) -> None:
        self._messages: deque[FeedMessage] = deque(messages)
        self._symbols: frozenset[str] = frozenset()
        self._changed = threading.Condition()
        self._started = False
        self._ended = False

    def push(self, message: FeedMessage) -> None:
        """Add a message. Raise FeedError after `end` or `close`."""
        with self._changed:
            if self._ended:
                raise FeedError("the feed has ended")
            self._messages.append(message)
            self._changed.notify()

    def end(self) -> None:
        """Announce that no more messages come; those that were pushed are still returned."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def start(self) -> None:
        """Begin; starting twice is fine."""
        self._started = True

    def subscribe(self, symbols: Iterable[str]) -> None:
        """Return only trades of these symbols from now on; all trades without symbols."""
        self._symbols = frozenset(symbols)

    def read(self, timeout_s: float) -> FeedMessage | None:
        """Return the next message, or None when none came in time (s). Raise EndOfFeed after the last one, or after `close`."""
        if not self._started:
            raise FeedError("start the feed before reading from it")
        deadline = time.monotonic() + timeout_s
        drained = False
        with self._changed:
            while True:
                drained = drained or not self._messages
                left_s = max(deadline - time.monotonic(), 0.0)
                if not self._changed.wait_for(lambda: self._messages or self._ended, left_s):
                    return None
                if not self._messages:
                    raise EndOfFeed("the feed has ended")
                message = self._messages.popleft()
                narrowed = message.narrowed_to(self._symbols) if isinstance(message, Frame) else message
                if narrowed is not None:
                    return narrowed if narrowed.drained is drained else attrs.evolve(narrowed, drained=drained)

    def close(self) -> None:
        """Drop the messages that were not read. Closing twice is fine."""
        with self._changed:
            self._messages.clear()
            self._ended = True
            self._changed.notify()
