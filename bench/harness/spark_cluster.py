"""A standalone Spark cluster on this machine: a master and a worker, whose executors are processes with one core each."""

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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"spark://127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:
        stack.enter_context(_daemon("master.Master", ["--port", str(port)]))
        _await_listener(port)
        options = ["--cores", str(cores), "--memory", f"{cores + 1}g", "--work-dir", str(folder), url]
        worker = stack.enter_context(_daemon("worker.Worker", options))
        yield url, Executors(worker.pid)


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
