"""Executors join a running aggregator and leave it while trades arrive: its state follows them, and nothing is lost."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from adapters.spark.committed_offsets import committed_offsets
from bench.harness.spark_cluster import master, worker
from devstack.stack import Stack
from tests.support.aggregators import Program, Site, until

from .fault_report import Tell
from .stored_ledger import check_ledger, put
from .tape import Tape

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(900)]

PART = 600


def test_executors_from_one_to_two_and_back(
    kafka_stack: Stack, cassandra_stack: Stack, tmp_path: Path, tell: Tell
) -> None:
    site = Site.make("executors", tmp_path, kafka_stack, cassandra_stack)
    tape, sent = Tape(seed=83), 0

    def feed() -> None:
        """Put trades on the topic, and wait until some of them are stored: the rest waits while the executors change."""
        nonlocal sent
        trades = tape.trades(PART)
        before = stored()
        put(site, trades)
        sent += len(trades)
        until(lambda: stored() > before, "a micro-batch is stored")

    def stored() -> int:
        return sum(sum(committed_offsets(query, site.kafka.trades_topic).values()) for query in site.queries)

    with master() as url, ExitStack() as second, ExitStack() as first:
        first_executors = first.enter_context(worker(url, tmp_path / "first", cores=1))
        program = Program.start(
            site,
            *("--trigger", "0.2", "--max-offsets-per-trigger", "100", "--shuffle-partitions", "2"),
            command=[
                *("spark-submit", "--master", url, "--conf", "spark.cores.max=2", "--conf", "spark.executor.cores=1"),
                "apps/aggregator.py",
            ],
        )
        try:
            until(program.is_up, "the queries run")
            feed()
            assert first_executors.count() == 1
            second_executors = second.enter_context(worker(url, tmp_path / "second", cores=1))
            until(lambda: second_executors.count() == 1, "a second executor")
            feed()
            # The executor that has been there from the start ends amid the micro-batches: the new one takes its part of the state over.
            first.close()
            feed()
            until(site.all_is_stored, "everything is stored")
            assert second_executors.count() == 1
            assert program.stop() == 0, program.text()[-3000:]
        finally:
            program.kill()
    ledger = check_ledger(site, genuine=sent)
    tell(
        "Spark's executors from one to two and back to one, under load",
        "the second one takes over the state of the first; nothing is lost, candles exact",
        str(ledger),
    )
