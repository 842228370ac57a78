"""The warm-up of a program that reads a topic: the clock starts after the first fifth of the records.

This excludes the start of an interpreter, of a JVM or of a consumer group for all variants alike, and code that is compiled at run time is compiled
by then. A program that reads most records in one step would leave too little to measure; in that case `WarmUp.stop` raises an error.
"""

from bench.harness.runs import Run, Stopwatch


class WarmUp:
    """Counts records, and starts the clock after the warm-up. Records are counted in batches, so the clock starts with the next batch."""

    def __init__(self, records: int, share: int | None = None) -> None:
        """Exclude the first `share` of the records, by default a fifth."""
        self._records = records
        self._share = records // 5 if share is None else share
        self._watch: Stopwatch | None = None
        self._excluded = 0
        self.count = 0

    def add(self, count: int) -> None:
        """Add the size of a batch that has just been read."""
        self.count += count
        if self._watch is None and self.count >= self._share:
            self._excluded, self._watch = self.count, Stopwatch()

    def stop(self) -> Run:
        """Return the run since the warm-up. Raise AssertionError if less than half of the records came after it."""
        assert self._watch is not None, f"only {self.count} records were read"
        measured = self.count - self._excluded
        assert measured * 2 >= self._records, f"only {measured} of {self._records} records came after the warm-up"
        return self._watch.stop(measured)
