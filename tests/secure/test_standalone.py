"""The aggregator on a cluster of Spark's own: a master and two executors, with authentication and encryption between them, on the secure stack."""

import os
import re
import secrets as random_secrets
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import attrs
import pyspark
import pytest

from apps.local_stack.parts import Servers
from devstack.jars import classpath
from devstack.servers.java import java_command
from devstack.stack import Stack
from tests.support.aggregators import Program, Site
from tests.support.timeouts import wait_until

from .recent_trades import entries, recent_trades

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(600)]

EXECUTORS = 2
DRIVER = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.executor.cores": "1",
    "spark.executor.memory": "700m",
    "spark.cores.max": str(EXECUTORS),
}
SPARK_CLASSES = Path(pyspark.__file__).parent / "jars" / "*"


@attrs.frozen
class Daemon:
    """A master or a worker of Spark, and the file of its output."""

    process: subprocess.Popen[bytes]
    log: Path

    def says(self, words: str) -> int:
        """Return how often the output has these words. Fail when the daemon has ended."""
        text = self.log.read_text("utf-8", "replace")
        assert self.process.poll() is None, text[-3_000:]
        return text.count(words)


def properties(folder: Path, secret: str, **more: str) -> Path:
    """Write a file of Spark's properties, which only its owner can read: on a command line every user would see the secret."""
    values = {
        "spark.authenticate": "true",
        "spark.authenticate.secret": secret,
        "spark.network.crypto.enabled": "true",
        "spark.io.encryption.enabled": "true",
        **more,
    }
    file = folder / f"spark-{len(list(folder.iterdir()))}.conf"
    file.touch(mode=0o600)
    file.write_text("".join(f"{name} {value}\n" for name, value in values.items()))
    return file


@contextmanager
def daemon(folder: Path, *arguments: str) -> Iterator[Daemon]:
    """Run a master or a worker, and kill it at the end with the executors that it started."""
    log = folder / f"daemon-{len(list(folder.iterdir()))}.log"
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_SCALA_VERSION": "2.12"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [java_command(), "-Xmx256m", "-cp", str(SPARK_CLASSES), *arguments],
            cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield Daemon(process, log)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def master(folder: Path, conf: Path) -> AbstractContextManager[Daemon]:
    arguments = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0", "--properties-file", str(conf))
    return daemon(folder, "org.apache.spark.deploy.master.Master", *arguments)


def worker(folder: Path, conf: Path, url: str) -> AbstractContextManager[Daemon]:
    arguments = ("--host", "127.0.0.1", "--webui-port", "0", "--cores", "1", "--memory", "700m")
    return daemon(folder, "org.apache.spark.deploy.worker.Worker", *arguments, "--properties-file", str(conf), url)


def test_two_executors_carry_the_trades_and_a_worker_without_the_secret_is_refused(
    secure_stack: Stack, site: Site, tmp_path: Path
) -> None:
    secret, cluster = random_secrets.token_hex(16), tmp_path / "cluster"
    cluster.mkdir()
    conf = properties(cluster, secret)
    sent = recent_trades(2_000)
    site.send(entries(sent))
    with ExitStack() as stack:
        leader = stack.enter_context(master(cluster, conf))
        wait_until(lambda: leader.says("Starting Spark master at spark://") == 1, "the master")
        url = re.findall(r"spark://[\d.:]+", leader.log.read_text())[0]
        workers = [stack.enter_context(worker(cluster, conf, url)) for _ in range(EXECUTORS)]
        wait_until(lambda: leader.says("Registering worker") == EXECUTORS, "the workers")
        intruder = stack.enter_context(worker(cluster, properties(cluster, "another"), url))
        wait_until(lambda: intruder.says("Failed to connect to master") > 0, "a refusal of the intruder")
        program = Program.start(
            site,
            *("--once", "--metrics-port", "0"),
            command=submit(url, properties(cluster, secret, **DRIVER)),
            variables={
                **Servers.of(secure_stack, user="aggregator", role="aggregator").variables(),
                "TAPELINE_CASSANDRA_KEYSPACE": site.cassandra.keyspace,
            },
        )
        assert program.ended() == 0, program.text()
        assert [each.says("Asked to launch executor") for each in workers] == [1, 1]
        assert leader.says("Registering worker") == EXECUTORS
    assert {*site.stored_trades().values()} == {*sent}
    assert secret not in program.text() + leader.log.read_text()


def submit(url: str, conf: Path) -> Sequence[str]:
    jars = ",".join(map(str, classpath("spark")))
    return ["spark-submit", "--master", url, "--properties-file", str(conf), "--jars", jars, "apps/aggregator.py"]
