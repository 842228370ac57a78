"""Where the clock begins for a path that reads a topic: when it has taken the first fifth of the records.

So a path's start (an interpreter, a JVM, a group that joins) is left out alike, and what it compiles while it runs is compiled. A path that takes most of
the records at once would leave next to nothing to measure, and a figure of that is none: then there is an error instead.
"""

from bench.harness.runs import Run, Stopwatch


class Warm:
    """Counts what is taken, and begins to measure after the warm-up. Counts are by batches, so it begins with the batch after it."""

    def __init__(self, records: int, share: int | None = None) -> None:
        """Leave out the first `share` of the records, a fifth unless it is given."""
        self._records = records
        self._share = records // 5 if share is None else share
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
        left = self.taken - self._before
        assert left * 2 >= self._records, f"only {left} of {self._records} records came after the warm-up"
        return self._watch.stop(left)
