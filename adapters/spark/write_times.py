"""Write times of candles: of two writes Cassandra keeps the one with the later write time, so a newer version needs a later one.

1. A write time is the time of the clock, but always later than that of the micro-batch before, also after a restart. Without this, a clock that was
   ahead and is set right would date new candles before the stored ones, which would win until the clock has caught up.
2. For this an upper bound of all write times is stored beside the checkpoint. It grows in large steps, so that few micro-batches write it.
3. Where the clock is behind, write times grow by two microseconds. A correction of a stored candle takes the microsecond in between: it replaces that
   candle, and any later write of the stream replaces the correction.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from .hadoop_folder import HadoopFolder

BOUND_STEP_US: Final = 10_000_000


class Bound(Protocol):
    """A number that outlives the process."""

    def read(self) -> int:
        """Return the number that was kept last; 0 before the first."""
        ...

    def keep(self, value: int) -> None:
        """Store a greater number; it is stored when this returns."""
        ...


class WriteTimes:
    """The write times of micro-batches, in microseconds since the epoch; each is at least two greater than the one before."""

    def __init__(self, bound: Bound, now_us: Callable[[], int] = lambda: time.time_ns() // 1000) -> None:
        self._bound = bound
        self._now_us = now_us
        self._last = self._kept = bound.read()

    def next(self) -> int:
        """Return the next write time."""
        self._last = max(self._now_us(), self._last + 2)
        if self._last > self._kept:
            self._kept = self._last + BOUND_STEP_US
            self._bound.keep(self._kept)
        return self._last


def correction_time_us(stored_us: Column, begun_us: int) -> Column:
    """Return the write time of the correction of a candle that was stored at `stored_us` (null without one) and read after `begun_us`."""
    return F.greatest(F.lit(begun_us), stored_us + 1)


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
