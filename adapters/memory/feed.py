"""A feed in memory: it gives what it is handed, in that order."""

import threading
import time
from collections import deque
from collections.abc import Iterable

import attrs

from domain.feed import FeedMessage, Frame
from ports.errors import EndOfFeed, FeedError


class MemoryFeed:
    """A `ports.feed.Feed` of messages pushed by whoever embeds it, from any thread; read by one.

    Like a replay it gives everything while no symbols are subscribed, and otherwise only trades of those. It holds what is pushed until it
    is read: who pushes more than is read fills the memory.
    """

    def __init__(self, messages: Iterable[FeedMessage] = ()) -> None:
        self._messages: deque[FeedMessage] = deque(messages)
        self._symbols: frozenset[str] = frozenset()
        self._changed = threading.Condition()
        self._started = False
        self._ended = False

    def push(self, message: FeedMessage) -> None:
        """Add a message. Raises FeedError after `end` or `close`."""
        with self._changed:
            if self._ended:
                raise FeedError("the feed has ended")
            self._messages.append(message)
            self._changed.notify()

    def end(self) -> None:
        """Say that there will be no more; what was pushed is still given."""
        with self._changed:
            self._ended = True
            self._changed.notify()

    def start(self) -> None:
        """Begin; starting twice is fine."""
        self._started = True

    def subscribe(self, symbols: Iterable[str]) -> None:
        """Give only trades of these symbols from now on; all, if there are none."""
        self._symbols = frozenset(symbols)

    def read(self, timeout_s: float) -> FeedMessage | None:
        """Give the next message, or None when none came in time (s). Raises EndOfFeed after the last one, or after `close`."""
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
        """Drop what was not read; closing twice is fine."""
        with self._changed:
            self._messages.clear()
            self._ended = True
            self._changed.notify()
