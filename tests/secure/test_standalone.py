"""The aggregator on a standalone Spark cluster of two executors, with authentication and encryption between all parts, on the secure stack."""

import secrets as random_secrets
from pathlib import Path

import pytest

from apps.local_stack.parts import Servers
from bench.harness.spark_cluster import master, worker
from devstack.stack import Stack
from tests.support.aggregators import Program, Site, until

from .recent_trades import entries, recent_trades

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(600)]


def properties(file: Path, secret: str) -> Path:
    """Write a file of Spark's properties, which only its owner can read: on a command line every user would see the secret."""
    values = {
        "spark.authenticate": "true",
        "spark.authenticate.secret": secret,
        "spark.network.crypto.enabled": "true",
        "spark.io.encryption.enabled": "true",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.executor.cores": "1",
        # One more than there are executors: a worker that is let in gets one.
        "spark.cores.max": "3",
    }
    file.touch(mode=0o600)
    file.write_text("".join(f"{name} {value}\n" for name, value in values.items()))
    return file


def test_two_executors_carry_the_trades_and_a_worker_with_another_secret_gets_none(
    secure_stack: Stack, site: Site, tmp_path: Path
) -> None:
    secret = random_secrets.token_hex(16)
    conf = properties(tmp_path / "spark.conf", secret)
    sent = recent_trades(2_000)
    site.send(entries(sent))
    with (
        master(conf) as url,
        worker(url, tmp_path / "other", 1, properties(tmp_path / "other.conf", "another-secret")) as other,
        worker(url, tmp_path / "first", 1, conf) as first,
        worker(url, tmp_path / "second", 1, conf) as second,
    ):
        program = Program.start(
            site,
            *("--trigger", "0", "--metrics-port", "0"),
            command=["spark-submit", "--master", url, "--properties-file", str(conf), "apps/aggregator.py"],
            variables={
                **Servers.of(secure_stack, user="aggregator", role="aggregator").variables(),
                "TAPELINE_CASSANDRA_KEYSPACE": site.cassandra.keyspace,
            },
        )
        try:
            until(lambda: program.is_up() and first.count() + second.count() == 2, "queries on two executors")
            until(site.all_is_stored, "everything is stored")
            assert (first.count(), second.count(), other.count()) == (1, 1, 0)
            assert program.stop() == 0, program.text()
        finally:
            program.kill()
    assert {*site.stored_trades().values()} == {*sent}
    assert secret not in program.text()
