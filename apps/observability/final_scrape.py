"""One more scrape of a program that failed, so that Prometheus gets its last counts.

1. Without it, the program would end with its last counts unread, and no alert could report what happened.
2. The program waits for a bounded time, and not at all if Prometheus has not scraped it lately. Other readers do not count, because they raise no alert.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

RECENT_S: Final = 60.0
"""After this time without a scrape, no further scrape is expected."""


class ScrapeTracker:
    """Remembers when the metrics were scraped last. Any thread may use it."""

    def __init__(self, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._started = 0
        self._completed = 0
        self._last_s = float("-inf")
        self._changed = threading.Condition()

    def track(self, answer: Callable[[], Iterable[bytes]]) -> Iterator[bytes]:
        """Yield an answer, and count the scrape as completed when all of the answer is consumed."""
        with self._changed:
            self._started += 1
            number = self._started
        yield from answer()
        with self._changed:
            self._completed = max(self._completed, number)
            self._last_s = self._now_s()
            self._changed.notify_all()

    def await_next(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` seconds for a scrape that starts from now on, and return whether it came. Return at once if none is expected."""
        with self._changed:
            before = self._started
            if self._now_s() - self._last_s > RECENT_S:
                return False
            return self._changed.wait_for(lambda: self._completed > before, timeout_s)
