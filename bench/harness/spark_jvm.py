"""Spark for a measured program: the aggregator's own session on a number of cores, and a stopwatch of its JVMs that excludes the warm-up."""

import math
import os
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import psutil
from pyspark.sql import SparkSession

from adapters.spark.jars import add_jars
from adapters.spark.session import spark_conf, start_jvm, start_session
from adapters.spark.settings import AggregatorSettings
from bench.harness.runs import Run
from bench.harness.spark_cluster import Executors, cluster
from devstack.jars import classpath
from devstack.servers.java import java_home

WARM_UP: Final = 3
"""A third of the micro-batches: after those the JVM has compiled the code that runs often."""


@attrs.frozen(kw_only=True)
class Spark:
    """A session, and the processes that do its work."""

    session: SparkSession
    executors: Executors | None
    """None if the driver does the work."""

    def cpu_s(self) -> float:
        """Return the CPU seconds of all JVMs, including the driver's."""
        jvm: Any = self.session.sparkContext._jvm  # noqa: SLF001
        used = psutil.Process(jvm.java.lang.ProcessHandle.current().pid()).cpu_times()
        return used.user + used.system + (self.executors.cpu_s() if self.executors else 0.0)


@contextmanager
def spark(settings: AggregatorSettings, master: str = "local[2]") -> Iterator[Spark]:
    """Run Spark as the aggregator does: in one process (`local[CORES]`), or on a cluster of its own with executors of one core (`executors[COUNT]`)."""
    os.environ["JAVA_HOME"] = str(java_home())
    conf = spark_conf(settings, "bench")
    add_jars(conf, classpath("spark"))
    with ExitStack() as stack:
        executors = None
        if count := re.fullmatch(r"executors\[(\d+)\]", master):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            master, executors = stack.enter_context(cluster(folder, int(count[1])))
            conf.set("spark.executor.cores", "1")
        conf.set("spark.master", master)
        start_jvm(conf, settings)
        session = start_session(conf, settings)
        stack.callback(session.stop)
        yield Spark(session=session, executors=executors)


@attrs.frozen(kw_only=True)
class _Mark:
    wall_s: float
    cpu_s: float


class JvmWatch:
    """Records the time and the CPU time of Spark's JVMs after each micro-batch."""

    def __init__(self, spark: Spark) -> None:
        self._spark = spark
        self._marks: list[_Mark] = []

    def mark(self) -> None:
        """Record the times. The caller does so after each micro-batch is stored."""
        self._marks.append(_Mark(wall_s=time.perf_counter(), cpu_s=self._spark.cpu_s()))

    def run(self, records: Sequence[int], **extra: float) -> Run:
        """Return the run without its warm-up. `records` are the sizes of the micro-batches, in order.

        The last micro-batches are also excluded if they contain only the remainder of the topic, or only advance the watermark.
        """
        warm, last = measured(records)
        begin, end = self._marks[warm], self._marks[last]
        return Run(
            items=sum(records[warm + 1 : last + 1]),
            wall_s=end.wall_s - begin.wall_s,
            cpu_s=end.cpu_s - begin.cpu_s,
            extra=extra,
        )


def measured(records: Sequence[int]) -> tuple[int, int]:
    """Return the indexes of the last micro-batch of the warm-up and of the last measured one. `records` are their sizes, in order.

    A full micro-batch has more than half the records of the largest one. Raise ValueError if fewer than two are full.
    """
    full = [number for number, count in enumerate(records) if count * 2 > max(records)]
    if len(full) < 2:
        raise ValueError(f"fewer than two full micro-batches, so none to measure after the warm-up: {list(records)}")
    return full[math.ceil(len(full) / WARM_UP) - 1], full[-1]
