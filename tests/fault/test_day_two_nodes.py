"""Cassandra nodes are added to the ring and restarted in turn while the aggregator writes: nothing is lost, and every replica has its rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

from adapters.cassandra.replication import Replication
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded
from tests.support.aggregators import Site, until
from tests.support.server_tools import nodetool, run_devstack

from .cassandra_nodes import figure, nodes_down, replicas_are_in_sync, until_all_are_up, until_no_hint_is_left
from .fault_report import Tell
from .steady_load import SteadyLoad
from .stored_ledger import check_ledger
from .supervising import TIMEOUT_S, Supervisor

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(1800)]

TABLES = ("trades_v2", "trade_aggregates")
SYMBOLS = tuple(f"BINANCE:C{number}USDT" for number in range(60))
"""Many partitions, so that each node has some."""


@contextmanager
def ring(home: Path, nodes: int) -> Iterator[Stack]:
    """Run a ring of this many nodes."""
    with guarded(
        Stack(name="ring", home=home, kafka=False, nodes=nodes, cassandra_heap_mb=512, quick_jit=True)
    ) as stack:
        yield stack


def names(stack: Stack) -> list[str]:
    return [server.name for server in stack.status()]


def disk_bytes(stack: Stack, node: str, keyspace: str) -> int:
    """Return the size of the trades and candles that a node has on its disk."""
    names = (f'cassandra_table_disk_bytes{{keyspace="{keyspace}",table="{table}"}}' for table in TABLES)
    return sum(int(figure(stack, node, name)) for name in names)


def without(site: Site, node: int) -> Site:
    """Return the site read by one copy of each row, while the node of this number is down."""
    hosts = tuple(host for host in site.cassandra.hosts if host != f"127.0.0.{node}")
    return attrs.evolve(site, cassandra=attrs.evolve(site.cassandra, hosts=hosts, consistency="ONE"))


def test_a_node_is_added_to_the_ring(kafka_stack: Stack, tmp_path: Path, tell: Tell) -> None:
    with ring(tmp_path / "ring", nodes=2) as stack:
        site = Site.make("node-added", tmp_path, kafka_stack, stack, Replication.production({"dc1": 2}))
        keyspace, founders = site.cassandra.keyspace, names(stack)
        with Supervisor(site) as supervisor, SteadyLoad(site, seed=53, symbols=SYMBOLS) as load:
            supervisor.until_more_is_stored(2_000)
            begun = time.monotonic()
            grown = run_devstack("add-node", stack, timeout_s=TIMEOUT_S)
            assert grown.returncode == 0, grown.stderr
            joined_s = time.monotonic() - begun
            added = names(stack)[-1]
            assert added not in founders
            until_all_are_up(stack, names(stack))
            assert disk_bytes(stack, added, keyspace) > 0
            supervisor.until_more_is_stored(500)
            before, after = {}, {}
            for node in founders:
                nodetool(stack, "flush", keyspace, node=node)
                before[node] = disk_bytes(stack, node, keyspace)
                nodetool(stack, "cleanup", keyspace, node=node)
                after[node] = disk_bytes(stack, node, keyspace)
            supervisor.until_more_is_stored(500)
            sent = load.stop()
            supervisor.until_stored()
            starts = supervisor.starts
        assert all(after[node] < before[node] for node in founders), "cleanup removes the rows that moved"
        ledger = check_ledger(site, genuine=sent)
        # Every row has its second copy: any one node may be absent.
        site = attrs.evolve(site, cassandra=attrs.evolve(site.cassandra, hosts=tuple(stack.cassandra_hosts)))
        for number, node in enumerate(names(stack), start=1):
            stack.kill(node)
            others = [name for name in names(stack) if name != node]
            until(lambda: all(nodes_down(stack, name) == 1 for name in others), "the others know", TIMEOUT_S)  # noqa: B023
            check_ledger(without(site, number), genuine=sent)
            stack.start(node)
            until_all_are_up(stack, names(stack))
    tell(
        "a third Cassandra node added to two under load (RF 2), then cleanup of the two",
        "it streams its rows and joins; every row has two copies afterwards, whichever node is absent",
        f"joined in {joined_s:.0f} s; {starts} starts; the two had {sum(before.values()):,} bytes before cleanup and"
        f" {sum(after.values()):,} after it; {ledger}",
    )


def test_a_rolling_restart_of_three_nodes(kafka_stack: Stack, tmp_path: Path, tell: Tell) -> None:
    with ring(tmp_path / "ring", nodes=3) as stack:
        site = Site.make("rolling", tmp_path, kafka_stack, stack, Replication.production({"dc1": 3}))
        with Supervisor(site) as supervisor, SteadyLoad(site, seed=54) as load:
            supervisor.until_more_is_stored(500)
            for node in names(stack):
                nodetool(stack, "drain", node=node)
                stack.stop(node)
                supervisor.until_more_is_stored(500)
                stack.start(node)
                until_all_are_up(stack, names(stack))
            supervisor.until_more_is_stored(500)
            sent = load.stop()
            supervisor.until_stored()
            starts = supervisor.starts
        ledger = check_ledger(site, genuine=sent)
        until_no_hint_is_left(stack, names(stack))
        assert replicas_are_in_sync(stack, site.cassandra.keyspace)
    tell(
        "a rolling restart of three Cassandra nodes under load: drain, stop, start, UN",
        "a quorum accepts every write; nothing is lost, and hints make all three replicas equal",
        f"{starts} starts; {ledger}",
    )
