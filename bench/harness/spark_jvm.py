"""Spark for a path: the aggregator's own session on a given number of cores, and a watch of its JVM that leaves a warm-up out."""

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
"""A third of the micro-batches: by then the JVM has compiled what counts."""


@attrs.frozen(kw_only=True)
class Spark:
    """A session, and the processes that its work is done in."""

    session: SparkSession
    executors: Executors | None
    """None where the driver does the work itself."""

    def cpu_s(self) -> float:
        """Give the CPU seconds of the JVMs, the driver's included."""
        jvm: Any = self.session.sparkContext._jvm  # noqa: SLF001
        used = psutil.Process(jvm.java.lang.ProcessHandle.current().pid()).cpu_times()
        return used.user + used.system + (self.executors.cpu_s() if self.executors else 0.0)


@contextmanager
def spark(settings: AggregatorSettings, master: str = "local[2]") -> Iterator[Spark]:
    """Run Spark as the aggregator does: in one process (`local[CORES]`), or on a cluster of its own (`executors[COUNT]`), each with one core."""
    os.environ["JAVA_HOME"] = str(java_home())
    conf = spark_conf(settings, "bench")
    conf.set("spark.ui.enabled", "false")
    add_jars(conf, classpath("spark"))
    with ExitStack() as stack:
        executors = None
        if count := re.fullmatch(r"executors\[(\d+)\]", master):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            master, executors = stack.enter_context(cluster(folder, int(count[1])))
            conf.set("spark.executor.cores", "1")
        conf.set("spark.master", master)
        start_jvm(conf)
        session = start_session(conf, settings)
        stack.callback(session.stop)
        yield Spark(session=session, executors=executors)


@attrs.frozen(kw_only=True)
class _Mark:
    wall_s: float
    cpu_s: float


class JvmWatch:
    """Notes the time and the CPU time of Spark's JVMs whenever a micro-batch has been stored."""

    def __init__(self, spark: Spark) -> None:
        self._spark = spark
        self._marks: list[_Mark] = []

    def mark(self) -> None:
        """Note that the next micro-batch has been stored."""
        self._marks.append(_Mark(wall_s=time.perf_counter(), cpu_s=self._spark.cpu_s()))

    def run(self, records: Sequence[int], **extra: float) -> Run:
        """Give the run without its warm-up, by the records of each micro-batch in their order.

        Left out are also the last micro-batches, as far as they hold but a remainder of the topic, or only move the watermark.
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
    """Give the number of the last micro-batch of the warm-up, and that of the last one that is measured, by the records of each.

    A full one has more than half as many as the largest. Raises ValueError where less than two are full.
    """
    full = [number for number, count in enumerate(records) if count * 2 > max(records)]
    if len(full) < 2:
        raise ValueError(f"less than two full micro-batches, nothing would be left to measure: {list(records)}")
    return full[math.ceil(len(full) / WARM_UP) - 1], full[-1]
