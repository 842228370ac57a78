"""One reading more of the metrics of a program that failed, so that what it counted last is seen by whoever watches.

1. A program that fails would take its last figures along: the next scrape finds nobody, and no alert can tell what happened.
2. So it waits until it is read once more, for a bounded time, and not at all where nobody reads it. Only Prometheus counts: what others read last
   tells no alert.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

RECENT_S: Final = 60.0
"""Whoever has not read for so long is not expected again."""


class ScrapeTracker:
    """Knows when the metrics were last read. Told from the threads that answer."""

    def __init__(self, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._begun = 0
        self._answered = 0
        self._last_s = float("-inf")
        self._told = threading.Condition()

    def through(self, answer: Callable[[], Iterable[bytes]]) -> Iterator[bytes]:
        """Give an answer, and take it as read when all of it was taken."""
        with self._told:
            self._begun += 1
            number = self._begun
        yield from answer()
        with self._told:
            self._answered = max(self._answered, number)
            self._last_s = self._now_s()
            self._told.notify_all()

    def await_one(self, limit_s: float) -> bool:
        """Wait up to `limit_s` seconds for a reading that begins from now on, and say whether it came; where nobody reads, return at once."""
        with self._told:
            before = self._begun
            if self._now_s() - self._last_s > RECENT_S:
                return False
            return self._told.wait_for(lambda: self._answered > before, limit_s)
