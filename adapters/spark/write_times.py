"""When a candle was written, as Cassandra is told: it keeps the later of two writes, so a later version must have the later time.

A clock that was ahead and is set right would date every write from then on before the one that is stored, which would win for as long as the
clock was ahead. So a write time is the clock's, but never that of an earlier micro-batch or before it, also after a restart: a bound that no
write time is beyond is kept beside the checkpoint, and moved on in steps, so that it is not written for each micro-batch.
"""

import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from pyspark.sql import SparkSession

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
    """A bound in a folder of whatever file system the checkpoint is on: the name of an empty file, which is there or not, and never half."""

    def __init__(self, spark: SparkSession, folder: str) -> None:
        jvm: Any = spark.sparkContext._jvm  # noqa: SLF001 - Hadoop's file systems have no Python API in PySpark
        self._jvm = jvm
        self._folder = jvm.org.apache.hadoop.fs.Path(folder)
        self._files = self._folder.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())  # noqa: SLF001

    def read(self) -> int:
        """Give the greatest name."""
        return max(self._values(), default=0)

    def keep(self, value: int) -> None:
        """Make the new file, then remove the old ones."""
        old = self._values()
        self._files.create(self._place(value), True).close()
        for known in old:
            if known < value:
                self._files.delete(self._place(known), False)

    def _values(self) -> list[int]:
        if not self._files.exists(self._folder):
            return []
        names = [status.getPath().getName() for status in self._files.listStatus(self._folder)]
        return [int(name) for name in names if name.isdigit()]

    def _place(self, value: int) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(self._folder, str(value))
