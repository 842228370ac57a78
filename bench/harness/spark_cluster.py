"""A standalone Spark cluster on this machine: a master, and workers whose executors are processes."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pyspark

from devstack.servers.java import java_home


@contextlib.contextmanager
def cluster(folder: Path, cores: int) -> Iterator[tuple[str, "Executors"]]:
    """Run a master and a worker with `cores` cores within the block. Yield the master's URL and the worker's executors."""
    with master() as url, worker(url, folder, cores) as executors:
        yield url, executors


@contextlib.contextmanager
def master(properties: Path | None = None) -> Iterator[str]:
    """Run a master within the block, and yield its URL; `properties` is a file of Spark's properties."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with _daemon("master.Master", ["--port", str(port), *_from(properties)]):
        _await_listener(port)
        yield f"spark://127.0.0.1:{port}"


@contextlib.contextmanager
def worker(url: str, folder: Path, cores: int, properties: Path | None = None) -> Iterator["Executors"]:
    """Run a worker of a master within the block, and yield its executors, which end with it; `properties` is a file of Spark's properties."""
    options = ["--cores", str(cores), "--memory", f"{cores + 1}g", "--work-dir", str(folder), *_from(properties), url]
    with _daemon("worker.Worker", options) as process:
        yield Executors(process.pid)


def _from(properties: Path | None) -> list[str]:
    return [] if properties is None else ["--properties-file", str(properties)]


def _await_listener(port: int) -> None:
    """Wait until the master listens. Raise OSError if it does not within 30 s."""
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


class Executors:
    """The executor processes that a worker has started."""

    def __init__(self, worker: int) -> None:
        self._worker = psutil.Process(worker)

    def count(self) -> int:
        """Return how many executors run. Spark's script leaves the worker a child that has ended."""
        return sum(child.status() != psutil.STATUS_ZOMBIE for child in self._worker.children())

    def cpu_s(self) -> float:
        """Return the CPU seconds of the executors that run."""
        return sum(used.user + used.system for used in (each.cpu_times() for each in self._worker.children()))


@contextlib.contextmanager
def _daemon(name: str, options: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    spark = Path(pyspark.__file__).parent
    command = [str(spark / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}", "--host", "127.0.0.1"]
    # Start it by Spark's script, not by java: the worker builds the command lines of its executors from variables that the script sets.
    env = os.environ | {"JAVA_HOME": str(java_home()), "SPARK_HOME": str(spark), "SPARK_DAEMON_MEMORY": "256m"}
    with subprocess.Popen(
        [*command, "--webui-port", "0", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
