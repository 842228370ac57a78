"""Spark is killed, ten times over: at random moments, and exactly before the write of a micro-batch, or between that and its commit. What is stored was sent."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from devstack.stack import Stack
from tests.support.aggregators import Program, Site, until

from .fault_report import Tell
from .stored_ledger import check_ledger, put, put_records
from .tape import Tape

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]

QUICK = 1
FULL = pytest.param(10, marks=pytest.mark.faults)
WRITES = ("candles:2", "letters:1", "trades:1", "candles:1", "trades:2")
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
    return ["spark-submit", "--master", master], ["--max-offsets-per-trigger", records, "--trigger", "0.2"]


def batch(query: Path, folder: str) -> int:
    """Return the newest micro-batch that a query has planned (`offsets`) or committed (`commits`)."""
    return max((int(file.name) for file in (query / folder).glob("[0-9]*")), default=-1)


def finish(site: Site) -> Program:
    """Run without faults until everything is stored."""
    program = Program.start(site, "--once")
    assert program.ended() == 0, program.text()[-3000:]
    return program


@pytest.mark.parametrize("rounds", [QUICK, FULL])
def test_a_kill_between_the_write_of_a_batch_and_its_commit(site: Site, rounds: int, tell: Tell) -> None:
    tape, sent = Tape(seed=rounds), 0
    for round_ in range(rounds):
        trades = tape.trades(1_200)
        put(site, trades)
        put_records(site, POISON * 4)
        sent += len(trades)
        moment = MOMENTS[round_ % len(MOMENTS)]
        submit, sizes = otherwise_sized(round_)
        program = Program.start(site, *sizes, command=[*submit, "tests/fault/self_killing_aggregator.py", moment])
        assert program.ended() == -9, program.text()[-3000:]
        query = site.queries["candles" in moment]
        assert batch(query, "offsets") == batch(query, "commits") + 1
    finish(site)
    ledger = check_ledger(site, genuine=sent, may_repeat_letters=True)
    tell("Spark kill -9 between write and commit", "same rows and candles as undisturbed", f"{rounds} kills; {ledger}")


@pytest.mark.faults
def test_kills_at_random_moments(site: Site, tell: Tell) -> None:
    rounds, sent, in_a_batch = 10, 0, 0
    tape, chance = Tape(seed=77), random.Random(77)
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
    assert in_a_batch > 0
    tell(
        "Spark kill -9 at random moments, restarted with other parallelism",
        "same rows and candles as undisturbed",
        f"{rounds} kills, {in_a_batch} of them within a micro-batch; {ledger}",
    )
