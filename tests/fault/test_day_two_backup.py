"""The tables come back from a snapshot and from Kafka, in an empty cluster: the same rows, with the same write times."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from pyspark.sql import SparkSession

from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded
from tests.support.aggregators import Site
from tests.support.in_process_queries import Carrier
from tests.support.server_tools import nodetool

from .fault_report import Tell
from .stored_ledger import check_ledger, put
from .tape import Tape

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

TABLES = ("trades_v2", "trade_aggregates")
TAG = "nightly"
MANY = 10_000
"""Trades before and after the snapshot, for a time that says something about the speed of a rebuild."""


@pytest.fixture(scope="module")
def empty_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A second cluster of one node, without a keyspace of ours."""
    home = tmp_path_factory.mktemp("empty")
    with guarded(Stack(name="empty", home=home, kafka=False, cassandra_heap_mb=512, quick_jit=True)) as stack:
        yield stack


def in_cluster(site: Site, cluster: Stack, folder: Path) -> Site:
    """Return the site with the same topics, and with tables and a checkpoint that are new in `cluster`."""
    folder.mkdir()
    moved = attrs.evolve(site, folder=folder, cassandra=attrs.evolve(site.cassandra, port=cluster.cassandra_port))
    apply_schema(moved.cassandra, Replication.dev())
    return moved


def back_up(stack: Stack, keyspace: str, backup: Path) -> None:
    """Take a snapshot and copy each table's files to a folder of its name."""
    nodetool(stack, "snapshot", "-t", TAG, keyspace)
    for table in TABLES:
        [snapshot] = (stack.folder / "cassandra-1" / "data" / keyspace).glob(f"{table}-*/snapshots/{TAG}")
        shutil.copytree(snapshot, backup / table)
    nodetool(stack, "clearsnapshot", "-t", TAG, "--", keyspace)


def restore(stack: Stack, keyspace: str, backup: Path) -> None:
    """Bring copied files into the tables of a cluster."""
    for table in TABLES:
        nodetool(stack, "import", "--copy-data", keyspace, table, str(backup / table))


def write_times(site: Site) -> list[tuple[Any, ...]]:
    """Return when each trade and each candle was written, in microseconds since the epoch."""
    trades = site.rows("symbol, timestamp, trade_id, writetime(price)", "trades_v2")
    candles = site.rows("symbol, window_ms, window_start, writetime(close)", "trade_aggregates")
    return [*sorted(trades), *sorted(candles)]


def test_a_snapshot_is_restored_into_an_empty_cluster(
    spark: SparkSession, kafka_stack: Stack, cassandra_stack: Stack, empty_cluster: Stack, tmp_path: Path, tell: Tell
) -> None:
    carrier = Carrier(spark, Site.make("backup", tmp_path, kafka_stack, cassandra_stack))
    site, keyspace = carrier.site, carrier.site.cassandra.keyspace
    trades = Tape(seed=41).trades(600)
    put(site, trades)
    carrier.once()
    begun = time.monotonic()
    back_up(cassandra_stack, keyspace, tmp_path / "backup")
    backed_up = time.monotonic()
    restored = in_cluster(site, empty_cluster, tmp_path / "restored")
    assert restored.stored_trades() == {}
    restore(empty_cluster, keyspace, tmp_path / "backup")
    ended = time.monotonic()
    ledger = check_ledger(restored, genuine=len(trades))
    # Rows expire by their write time: what is restored does not live longer.
    assert write_times(restored) == write_times(site)
    tell(
        "the cluster of Cassandra is lost, and there is a snapshot",
        "the snapshot restored into an empty cluster: the same rows, the same write times",
        f"snapshot {backed_up - begun:.0f} s, restore {ended - backed_up:.0f} s; {ledger}",
    )


@pytest.mark.faults
@pytest.mark.parametrize("has_snapshot", [True, False], ids=["with-a-snapshot", "from-kafka-alone"])
def test_tables_are_rebuilt_from_kafka_in_an_empty_cluster(
    spark: SparkSession,
    kafka_stack: Stack,
    cassandra_stack: Stack,
    empty_cluster: Stack,
    tmp_path: Path,
    has_snapshot: bool,
    tell: Tell,
) -> None:
    carrier = Carrier(spark, Site.make("rebuild", tmp_path, kafka_stack, cassandra_stack))
    site, tape = carrier.site, Tape(seed=42)
    before, after = tape.trades(MANY), tape.trades(MANY)
    put(site, before)
    carrier.once()
    if has_snapshot:
        back_up(cassandra_stack, site.cassandra.keyspace, tmp_path / "backup")
    put(site, after)
    rebuilt = in_cluster(site, empty_cluster, tmp_path / "rebuilt")
    begun = time.monotonic()
    if has_snapshot:
        restore(empty_cluster, site.cassandra.keyspace, tmp_path / "backup")
    Carrier(spark, rebuilt).once()
    ended = time.monotonic()
    ledger = check_ledger(rebuilt, genuine=len(before + after))
    tell(
        f"the cluster of Cassandra is lost, {'with' if has_snapshot else 'without'} a snapshot",
        "a new checkpoint reads the topic from its start: every row, also of trades after the snapshot",
        f"rebuilt in {ended - begun:.0f} s; {ledger}",
    )
