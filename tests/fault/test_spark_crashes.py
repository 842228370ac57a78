"""Spark is killed, ten times over: at random moments, and exactly before the write of a micro-batch, or between that and its commit. What is stored was sent."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from devstack.stack import Stack
from tests.support.aggregators import Program, Site, until

from .fault_report import Tell
from .revision_ledger import check_revisions
from .stored_ledger import check_ledger, put, put_records
from .tape import RESTATING_DELAYS_MS, Tape

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]

QUICK = 1
FULL = pytest.param(12, marks=pytest.mark.faults)
WRITES = ("candles:2", "letters:1", "trades:1", "candles:1", "trades:2", "revisions:1")
ALL_PLANS = ("--conf", "spark.sql.streaming.minBatchesToRetain=1000")
"""Spark keeps the plans of all batches: from these the ledger computes the restatements."""
MOMENTS = (*WRITES, *(f"before-{write}" for write in WRITES))
POISON = [(b"k", b'{"v":2,"symbol":"AAPL"}'), (None, None), (b"k", b"\xff\x00 no record")]


@pytest.fixture
def site(kafka_stack: Stack, cassandra_stack: Stack, tmp_path: Path, request: pytest.FixtureRequest) -> Site:
    name = request.function.__name__.removeprefix("test_").replace("_", "-")[:30]
    return Site.make(name, tmp_path, kafka_stack, cassandra_stack)


def otherwise_sized(round_: int) -> tuple[list[str], list[str]]:
    """Return a command with another parallelism in each round, and arguments with another size of micro-batches."""
    master = ("local[1]", "local[2]", "local[3]")[round_ % 3]
    records = ("400", "1000", "150")[round_ % 3]
    return ["spark-submit", "--master", master, *ALL_PLANS], ["--max-offsets-per-trigger", records, "--trigger", "0.2"]


def batch(query: Path, folder: str) -> int:
    """Return the newest micro-batch that a query has planned (`offsets`) or committed (`commits`)."""
    return max((int(file.name) for file in (query / folder).glob("[0-9]*")), default=-1)


def finish(site: Site) -> Program:
    """Run without faults until everything is stored."""
    program = Program.start(site, "--once", command=["spark-submit", *ALL_PLANS, "apps/aggregator.py"])
    assert program.ended() == 0, program.text()[-3000:]
    return program


@pytest.mark.parametrize("rounds", [QUICK, FULL])
def test_a_kill_between_the_write_of_a_batch_and_its_commit(site: Site, rounds: int, tell: Tell) -> None:
    tape, sent = Tape(seed=rounds, delays_ms=RESTATING_DELAYS_MS), 0
    for round_ in range(rounds):
        trades = tape.trades(1_200)
        put(site, trades)
        put_records(site, POISON * 4)
        sent += len(trades)
        moment = MOMENTS[round_ % len(MOMENTS)]
        submit, sizes = otherwise_sized(round_)
        program = Program.start(site, *sizes, command=[*submit, "tests/fault/self_killing_aggregator.py", moment])
        assert program.ended() == -9, program.text()[-3000:]
        query = site.queries["candles" in moment or "revisions" in moment]
        assert batch(query, "offsets") == batch(query, "commits") + 1
    finish(site)
    ledger = check_ledger(site, genuine=sent, may_repeat_letters=True)
    revisions = check_revisions(site)
    assert revisions > 0
    tell(
        "Spark kill -9 between write and commit",
        "same rows, candles and revisions as undisturbed",
        f"{rounds} kills; {ledger}, {revisions} revisions",
    )


@pytest.mark.faults
def test_kills_at_random_moments(site: Site, tell: Tell) -> None:
    rounds, sent, in_a_batch = 10, 0, 0
    tape, chance = Tape(seed=77, delays_ms=RESTATING_DELAYS_MS), random.Random(77)
    for round_ in range(rounds):
        trades = tape.trades(3_000)
        put(site, trades)
        put_records(site, POISON)
        sent += len(trades)
        submit, sizes = otherwise_sized(round_)
        program = Program.start(site, *sizes, command=[*submit, "apps/aggregator.py"])
        try:
            planned = [batch(query, "offsets") for query in site.queries]
            until(lambda: [batch(query, "offsets") for query in site.queries] > planned, "a micro-batch")  # noqa: B023
            # The random moment.
            time.sleep(chance.uniform(0, 3))
        finally:
            program.kill()
        in_a_batch += any(batch(query, "offsets") > batch(query, "commits") for query in site.queries)
    finish(site)
    ledger = check_ledger(site, genuine=sent, may_repeat_letters=True)
    revisions = check_revisions(site)
    assert in_a_batch > 0
    tell(
        "Spark kill -9 at random moments, restarted with other parallelism",
        "same rows, candles and revisions as undisturbed",
        f"{rounds} kills, {in_a_batch} of them within a micro-batch; {ledger}, {revisions} revisions",
    )
