"""The commit log of Cassandra is encrypted on disk in the secure stack alone. Its hints are in clear in every stack."""

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from apps.local_stack.parts import Servers
from devstack.servers.secrets import ADMIN
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded
from tests.contract.stores import fresh_symbol, make_trade
from tests.support.keyspaces import fresh_settings
from tests.support.timeouts import scaled, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


def content(folder: Path, pattern: str = "*.log") -> bytes:
    """Return what is in the files of the commit log, or in those that fit the pattern."""
    return b"".join(file.read_bytes() for file in sorted(folder.glob(pattern)))


def write_until_synced(settings: CassandraSettings, commit_log: Path) -> str:
    """Write trades of a new symbol until the commit log with the first of them is on disk, and return the symbol."""
    symbol = fresh_symbol()
    with CassandraSession(settings) as session:
        store = CassandraTradeStore(settings, session)
        store.start()
        seen: list[bytes] = [content(commit_log)]

        # A sync that began before the first write may end after it; the next one includes it.
        def is_synced() -> bool:
            store.write([make_trade(symbol)])
            now = content(commit_log)
            if now != seen[-1]:
                seen.append(now)
            return len(seen) > 2

        wait_until(is_synced, "two syncs of the commit log", poll_s=0.1)
    return symbol


def test_the_commit_log_of_the_secure_stack_holds_no_symbol(secure_stack: Stack) -> None:
    folder = secure_stack.folder / "cassandra-1" / "commitlog"
    symbol = write_until_synced(Servers.of(secure_stack, role=ADMIN).cassandra, folder)
    assert symbol.encode() not in content(folder)


def test_the_commit_log_of_a_plain_stack_holds_it(cassandra_stack: Stack) -> None:
    folder = cassandra_stack.folder / "cassandra-1" / "commitlog"
    settings = fresh_settings((cassandra_stack.cassandra_hosts, cassandra_stack.cassandra_port))
    apply_schema(settings, Replication.dev())
    symbol = write_until_synced(settings, folder)
    assert symbol.encode() in content(folder)


@pytest.fixture(params=[False, True], ids=["plain", "secure"])
def two_nodes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stack]:
    """Two nodes, so that one can keep hints for the other."""
    stack = Stack(
        name="two", home=tmp_path, kafka=False, nodes=2, cassandra_heap_mb=512, quick_jit=True, secure=request.param
    )
    with guarded(stack):
        yield stack


@pytest.mark.faults
def test_hints_are_in_clear_and_delivered(two_nodes: Stack) -> None:
    settings = attrs.evolve(
        Servers.of(two_nodes, role=ADMIN).cassandra,
        consistency="ONE",  # with one of two nodes there is no quorum
        request_timeout_s=scaled(30),
        connect_timeout_s=scaled(60),
    )
    apply_schema(settings, Replication.production({two_nodes.cassandra_datacenter: 2}))
    folder = two_nodes.folder / "cassandra-1" / "hints"
    symbol = fresh_symbol()
    with CassandraSession(settings) as session:
        store = CassandraTradeStore(settings, session)
        store.start()
        two_nodes.kill("cassandra-2")
        store.write([make_trade(symbol)])
        wait_until(lambda: content(folder, "*.hints") != b"", "hints on disk", scaled(120), poll_s=0.5)
        # If this fails in a secure stack, Cassandra encrypts hints by now: docs/security.md says that it does not.
        assert symbol.encode() in content(folder, "*.hints")
        two_nodes.start("cassandra-2")
        wait_until(lambda: content(folder, "*.hints") == b"", "the hints are delivered", scaled(120), poll_s=0.5)
