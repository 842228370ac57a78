"""Where the clock begins for a path that reads a topic: when it has taken the first fifth of the records.

So a path's start (an interpreter, a JVM, a group that joins) is left out alike, and what it compiles while it runs is compiled.
"""

from .runs import Run, Stopwatch


class Warm:
    """Counts what is taken, and begins to measure after the warm-up. Counts are by batches, so it begins with the batch after it."""

    def __init__(self, records: int) -> None:
        self._share = records // 5
        self._watch: Stopwatch | None = None
        self._before = 0
        self.taken = 0

    def take(self, count: int) -> None:
        """Count trades that have just been taken."""
        self.taken += count
        if self._watch is None and self.taken >= self._share:
            self._before, self._watch = self.taken, Stopwatch()

    def stop(self) -> Run:
        """Give what has passed since the warm-up."""
        assert self._watch is not None, f"only {self.taken} records were there"
        return self._watch.stop(self.taken - self._before)
