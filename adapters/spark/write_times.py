"""When a candle was written, as Cassandra is told: it keeps the later of two writes, so a later version must have the later time.

A clock that was ahead and is set right would date every write from then on before the one that is stored, which would win for as long as the
clock was ahead. So a write time is the clock's, but never that of an earlier micro-batch or before it, also after a restart: a bound that no
write time is beyond is kept beside the checkpoint, and moved on in steps, so that it is not written for each micro-batch.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

from pyspark.sql import SparkSession

from .hadoop_folder import HadoopFolder

STEP_US: Final = 10_000_000


class Bound(Protocol):
    """A number that outlives the process."""

    def read(self) -> int:
        """Give what was kept last; 0 before anything was."""
        ...

    def keep(self, value: int) -> None:
        """Keep a greater one; on return it is kept."""
        ...


class WriteTimes:
    """Gives each micro-batch its write time, in microseconds since the epoch, one greater than the other."""

    def __init__(self, bound: Bound, now_us: Callable[[], int] = lambda: time.time_ns() // 1000) -> None:
        self._bound = bound
        self._now_us = now_us
        self._last = self._kept = bound.read()

    def next(self) -> int:
        """Give the next write time."""
        self._last = max(self._now_us(), self._last + 1)
        if self._last > self._kept:
            self._kept = self._last + STEP_US
            self._bound.keep(self._kept)
        return self._last


class KeptBound:
    """A bound in a folder on the file system of the checkpoint: the name of an empty file, which exists or not, and never in part."""

    def __init__(self, spark: SparkSession, folder: str) -> None:
        self._folder = HadoopFolder(spark, folder)

    def read(self) -> int:
        """Return the greatest name, 0 without any."""
        return max(self._values(), default=0)

    def keep(self, value: int) -> None:
        """Create the new file, then delete the older ones."""
        old = self._values()
        self._folder.create(str(value))
        for known in old:
            if known < value:
                self._folder.delete(str(known))

    def _values(self) -> list[int]:
        return [int(name) for name in self._folder.names() if name.isdigit()]
