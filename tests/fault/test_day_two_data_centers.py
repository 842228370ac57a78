"""Two data centres of Cassandra: one is killed and returns. Hints bring it up to date within the hint window; after that it lacks rows until a repair."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded
from tests.support.aggregators import Site, until
from tests.support.keyspaces import fresh_settings
from tests.support.server_tools import nodetool

from .cassandra_nodes import hints_not_stored, nodes_down, replicas_are_in_sync, until_no_hint_is_left
from .fault_report import Tell
from .steady_load import SteadyLoad
from .stored_ledger import check_ledger
from .supervising import TIMEOUT_S, Supervisor
from .table_rows import difference, rows_by_table
from .tape import Tape

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(1200)]

NEAR, FAR = "cassandra-1", "cassandra-2"
"""The nodes of `dc1`, where the programs are, and of `dc2`."""
COPIES = Replication.production({"dc1": 1, "dc2": 1})
HINT_WINDOW_S = 10
LONG_WINDOW_MS = 3 * 60 * 60 * 1000


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Two data centres of one node each, with a short hint window."""
    home = tmp_path_factory.mktemp("centers")
    with guarded(
        Stack(
            name="centers",
            home=home,
            kafka=False,
            data_centers=2,
            hint_window_s=HINT_WINDOW_S,
            cassandra_heap_mb=512,
            quick_jit=True,
        )
    ) as stack:
        yield stack


@pytest.fixture
def centers(cluster: Stack) -> Iterator[Stack]:
    """The two data centres. At the end both run again, also after a failure."""
    yield cluster
    for node in (NEAR, FAR):
        cluster.start(node)


def at_center(settings: CassandraSettings, stack: Stack, center: str) -> CassandraSettings:
    """Return the settings for requests that only this data centre answers, from its own copies."""
    hosts = tuple(stack.cassandra_data_centers[center])
    return attrs.evolve(settings, hosts=hosts, local_dc=center, consistency="LOCAL_ONE")


def test_a_data_center_returns_after_the_hint_window(
    kafka_stack: Stack, centers: Stack, tmp_path: Path, tell: Tell
) -> None:
    site = Site.make("two-centers", tmp_path, kafka_stack, centers, COPIES)
    near, far = (at_center(site.cassandra, centers, center) for center in ("dc1", "dc2"))
    with Supervisor(site) as supervisor, SteadyLoad(site, seed=51) as load:
        supervisor.until_more_is_stored(500)
        centers.kill(FAR)
        supervisor.until(lambda: hints_not_stored(centers, NEAR, FAR) > 0, "the hint window is over")
        supervisor.until_more_is_stored(1_000)
        centers.start(FAR)
        supervisor.until_more_is_stored(500)
        sent = load.stop()
        supervisor.until_stored()
        starts = supervisor.starts
    assert starts == 1, "the other data centre writes without interruption"
    ledger = check_ledger(site, genuine=sent)
    until_no_hint_is_left(centers, [NEAR])
    complete, partial = rows_by_table(near), rows_by_table(far)
    missing = {table: len(complete[table] - partial[table]) for table in ("trades_v2", "trade_aggregates")}
    assert all(missing.values())
    assert not replicas_are_in_sync(centers, site.cassandra.keyspace)
    begun = time.monotonic()
    nodetool(centers, "repair", "--full", site.cassandra.keyspace)
    repaired_s = time.monotonic() - begun
    assert difference(complete, rows_by_table(far)) == {}
    assert replicas_are_in_sync(centers, site.cassandra.keyspace)
    check_ledger(attrs.evolve(site, cassandra=far), genuine=sent)
    tell(
        f"a data centre of two killed under load, for longer than the hint window of {HINT_WINDOW_S} s",
        "the other one accepts every write; the returned one lacks rows until `nodetool repair`, then both are equal row by row",
        f"{missing['trades_v2']:,} trades and {missing['trade_aggregates']} candles missing; repair {repaired_s:.0f} s; {ledger}",
    )


def test_hints_restore_what_was_written_within_the_window_and_nothing_after_it(centers: Stack, tell: Tell) -> None:
    settings = at_center(fresh_settings((centers.cassandra_hosts, centers.cassandra_port)), centers, "dc1")
    apply_schema(settings, COPIES)
    far = at_center(settings, centers, "dc2")
    tape = Tape(seed=52)
    with CassandraTradeStore(settings) as store:
        nodetool(centers, "setmaxhintwindow", str(LONG_WINDOW_MS))
        centers.kill(FAR)
        until(lambda: nodes_down(centers, NEAR) == 1, f"{NEAR} knows", TIMEOUT_S)
        refused = hints_not_stored(centers, NEAR, FAR)
        store.write(tape.trades(1_000))
        centers.start(FAR)
        until(lambda: difference(rows_by_table(settings), rows_by_table(far)) == {}, "hints are delivered", TIMEOUT_S)
        assert hints_not_stored(centers, NEAR, FAR) == refused
        within = len(rows_by_table(far)["trades_v2"])

        nodetool(centers, "setmaxhintwindow", str(HINT_WINDOW_S * 1000))
        centers.kill(FAR)

        def is_refused() -> bool:
            store.write(tape.trades(1))
            return hints_not_stored(centers, NEAR, FAR) > refused

        until(is_refused, "the hint window is over", TIMEOUT_S)
        before = rows_by_table(settings)["trades_v2"]
        store.write(tape.trades(1_000))
        after = rows_by_table(settings)["trades_v2"] - before
    centers.start(FAR)
    until_no_hint_is_left(centers, [NEAR])
    stored = rows_by_table(far)["trades_v2"]
    assert after
    assert not after & stored
    nodetool(centers, "repair", "--full", settings.keyspace)
    assert difference(rows_by_table(settings), rows_by_table(far)) == {}
    tell(
        "a Cassandra node killed within and beyond the hint window",
        "within it, hints alone restore every row; what is written after it is missing until `nodetool repair`",
        f"{within:,} trades restored by hints; {len(after):,} trades missing until the repair",
    )
