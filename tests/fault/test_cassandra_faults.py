"""Cassandra is stopped, frozen, or loses nodes while the aggregator writes: the lag grows, nothing is lost, and what was away has it all afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest
from pyspark.sql import SparkSession

from adapters.cassandra.replication import Replication
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded
from domain.window import MINUTE_MS
from tests.support.aggregators import Site, until
from tests.support.in_process_queries import Carrier

from .cassandra_nodes import figure, nodes_down, until_no_hint_is_left
from .fault_report import Tell
from .stored_ledger import check_ledger, put
from .supervising import TIMEOUT_S, Supervisor
from .tape import Tape

pytestmark = [pytest.mark.servers, pytest.mark.timeout(1200)]

NODE = "cassandra-1"
FROZEN_S = 5.0
"""The length of a short freeze, from the moment at which a micro-batch waits for the node."""

AWAY_S = 60.0
MANY = 40_000
"""Trades that take seconds to write, in twenty minutes of the tape."""
MAX_ROUNDS = 12
TIMED_OUT_S = 40.0
"""How long after a freeze a write that began before it has timed out: twice the nodes' own timeout."""


@pytest.fixture
def revived(cassandra_stack: Stack) -> Iterator[Stack]:
    """The stack of one node, which runs again at the end whatever happened."""
    yield cassandra_stack
    cassandra_stack.start(NODE)
    cassandra_stack.resume(NODE)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Three nodes."""
    home = tmp_path_factory.mktemp("three")
    with guarded(Stack(name="three", home=home, kafka=False, nodes=3, cassandra_heap_mb=512, quick_jit=True)) as stack:
        yield stack


@pytest.fixture
def replicated(kafka_stack: Stack, three: Stack, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site with a copy of each row on each of three nodes; the aggregator and the test write and read at LOCAL_QUORUM."""
    name = request.function.__name__.removeprefix("test_").replace("_", "-")[:40]
    yield Site.make(name, tmp_path, kafka_stack, three, Replication.production({three.cassandra_datacenter: 3}))
    for node in ("cassandra-1", "cassandra-2", "cassandra-3"):
        three.start(node)
        three.resume(node)


def batches_planned(site: Site) -> int:
    """Return the number of micro-batches that the queries of trades have planned, finished or not."""
    return sum(len([*(query / "offsets").glob("[0-9]*")]) for query in site.queries)


def test_a_short_freeze_of_cassandra(
    spark: SparkSession, kafka_stack: Stack, revived: Stack, tmp_path: Path, tell: Tell
) -> None:
    carrier = Carrier(spark, Site.make("freeze", tmp_path, kafka_stack, revived))
    tape = Tape(seed=21)
    first, second = tape.trades(500), tape.trades(1_500)
    put(carrier.site, first)
    with carrier.running(max_offsets_per_trigger=500) as queries:
        carrier.until_stored(queries)
        revived.pause(NODE)
        planned = batches_planned(carrier.site)
        put(carrier.site, second)
        until(lambda: batches_planned(carrier.site) > planned, "a micro-batch waits for the frozen node")
        frozen = time.monotonic()
        while time.monotonic() < frozen + FROZEN_S:
            assert not carrier.site.all_is_stored()
            time.sleep(0.1)
        revived.resume(NODE)
        carrier.until_stored(queries)
    ledger = check_ledger(carrier.site, genuine=len(first + second))
    tell(f"Cassandra frozen for {FROZEN_S:.0f} s", "the queries wait and go on", str(ledger))


def stop(stack: Stack) -> None:
    stack.stop(NODE)


def freeze(stack: Stack) -> None:
    stack.pause(NODE)


def restart(stack: Stack) -> None:
    stack.start(NODE)


def thaw(stack: Stack) -> None:
    stack.resume(NODE)


@pytest.mark.faults
@pytest.mark.parametrize(("leave", "come_back"), [(stop, restart), (freeze, thaw)], ids=["stopped", "frozen"])
def test_cassandra_is_unavailable_for_a_minute(
    kafka_stack: Stack,
    revived: Stack,
    tmp_path: Path,
    leave: Callable[[Stack], None],
    come_back: Callable[[Stack], None],
    tell: Tell,
) -> None:
    site = Site.make(f"away-{leave.__name__}", tmp_path, kafka_stack, revived)
    tape, sent, lags = Tape(seed=22), 0, []
    with Supervisor(site) as supervisor:
        trades = tape.trades(1_000)
        put(site, trades)
        sent += len(trades)
        first = sent
        supervisor.until_stored()
        leave(revived)
        end = time.monotonic() + AWAY_S
        while time.monotonic() < end:
            trades = tape.trades(200)
            put(site, trades)
            sent += len(trades)
            # The pace of the feed.
            time.sleep(1)
            lags.append(supervisor.lag)
        # It grows, but for what was on its way when the node went.
        assert lags[len(lags) // 2 :] == sorted(lags[len(lags) // 2 :])
        assert lags[-1] >= sent - first - 600
        come_back(revived)
        begun = time.monotonic()
        supervisor.until_stored()
        caught_up_s = time.monotonic() - begun
        ledger = check_ledger(site, genuine=sent)
    tell(
        f"Cassandra {leave.__name__} for {AWAY_S:.0f} s",
        "the lag grows, nothing is lost; a program that ends is started again",
        f"lag up to {lags[-1]:,}; {supervisor.starts} starts; caught up {caught_up_s:.0f} s after; {ledger}",
    )


@pytest.mark.faults
def test_one_node_of_three_is_killed(replicated: Site, three: Stack, tell: Tell) -> None:
    site, tape, sent = replicated, Tape(seed=23), 0
    with Supervisor(site) as supervisor:
        for fault in (None, three.kill):
            if fault is not None:
                fault("cassandra-3")
            for _ in range(5):
                trades = tape.trades(400)
                put(site, trades)
                sent += len(trades)
                supervisor.until_stored()
        for node in ("cassandra-1", "cassandra-2"):
            supervisor.until(lambda: nodes_down(three, node) == 1, f"{node} knows")  # noqa: B023
        check_ledger(site, genuine=sent)  # on two nodes
        starts = supervisor.starts
        three.start("cassandra-3")
        until_no_hint_is_left(three, ("cassandra-1", "cassandra-2"))
    hints = sum(figure(three, node, "cassandra_hints_total") for node in ("cassandra-1", "cassandra-2"))
    for node in ("cassandra-1", "cassandra-2"):
        three.kill(node)
    # The third alone, once it knows that no other can be asked.
    until(lambda: nodes_down(three, "cassandra-3") == 2, "cassandra-3 knows", TIMEOUT_S)
    alone = attrs.evolve(site, cassandra=attrs.evolve(site.cassandra, hosts=("127.0.0.3",), consistency="ONE"))
    ledger = check_ledger(alone, genuine=sent)
    assert hints > 0
    # The driver may lose its control connection with the node, and then the program ends once.
    assert starts <= 2
    tell(
        "one Cassandra node of three killed (RF 3, LOCAL_QUORUM)",
        "a quorum takes every write; hints bring the node back, which then has every row",
        f"{starts} starts; {hints:.0f} hints; {ledger}",
    )


@pytest.mark.faults
def test_writes_time_out_while_two_nodes_of_three_are_frozen(replicated: Site, three: Stack, tell: Tell) -> None:
    site, sent, rounds = replicated, 0, 0
    tape = Tape(seed=24, begin_ms=time.time_ns() // 1_000_000 - MAX_ROUNDS * 20 * MINUTE_MS)
    begun = client_writes(three, "request_timeouts"), client_writes(three, "request_unavailables")
    with Supervisor(site) as supervisor:
        # Only a write that the running node coordinates at the moment of the freeze times out: there is likely one, not certainly.
        while client_writes(three, "request_timeouts") == begun[0]:
            assert rounds < MAX_ROUNDS
            sent += freeze_while_writes_run(site, three, supervisor, tape)
            rounds += 1
        ledger = check_ledger(site, genuine=sent)
    timeouts = client_writes(three, "request_timeouts") - begun[0]
    unavailable = client_writes(three, "request_unavailables") - begun[1]
    tell(
        "write time-outs: two Cassandra nodes of three frozen",
        "nothing lost; written again until a quorum has it",
        f"{timeouts:.0f} time-outs, {unavailable:.0f} unavailable, {rounds} rounds, {supervisor.starts} starts; {ledger}",
    )


def freeze_while_writes_run(site: Site, three: Stack, supervisor: Supervisor, tape: Tape) -> int:
    """Freeze two nodes until the third reports that a write timed out, or none will; wait until all is stored. Return the number of trades sent."""
    frozen = "cassandra-2", "cassandra-3"
    writes, timeouts = client_writes(three, "requests"), client_writes(three, "request_timeouts")
    trades = tape.trades(MANY)
    put(site, trades)
    try:
        supervisor.until(lambda: client_writes(three, "requests") > writes + 10, "writes")
        for node in frozen:
            three.pause(node)
        frozen_at = time.monotonic()
        supervisor.until(
            lambda: client_writes(three, "request_timeouts") > timeouts or time.monotonic() > frozen_at + TIMED_OUT_S,
            "a write timed out, or none will",
        )
    finally:
        for node in frozen:
            three.resume(node)
    supervisor.until_stored()
    return len(trades)


def client_writes(stack: Stack, kind: str) -> float:
    """Return the number of writes of a kind that the first node has coordinated."""
    return figure(stack, "cassandra-1", f'cassandra_client_{kind}_total{{operation="Write"}}')
