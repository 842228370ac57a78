"""Cassandra goes away in mid-use: an error in bounded time, and everything works again once it is back, with the same store."""

import time
from collections.abc import Callable, Iterator

import pytest

from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.cassandra.trade_store import CassandraTradeStore
from devstack.stack import Stack
from domain.trade import Trade
from ports.errors import StoreError
from tests.contract.stores import NOON_MS, fresh_symbol, make_trade
from tests.support.keyspaces import fresh_settings
from tests.support.timeouts import scaled, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

TIMEOUT_S = 3.0
NODE = "cassandra-1"


@pytest.fixture
def store(cassandra_stack: Stack) -> Iterator[CassandraTradeStore]:
    contact = (cassandra_stack.cassandra_hosts, cassandra_stack.cassandra_port)
    settings = fresh_settings(contact)
    apply_schema(settings, Replication.dev())
    hasty = fresh_settings(contact, keyspace=settings.keyspace, request_timeout_s=TIMEOUT_S)
    with CassandraTradeStore(hasty) as store:
        yield store


def seconds(action: Callable[[], object]) -> float:
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


def until_it_works(action: Callable[[], None]) -> None:
    """Retry after each StoreError, as a user of the store does."""

    def works() -> bool:
        try:
            action()
        except StoreError:
            return False
        return True

    wait_until(works, "the store works again")


def batch(symbol: str, count: int = 500) -> list[Trade]:
    return [make_trade(symbol, NOON_MS + ms) for ms in range(count)]


def refuses(store: CassandraTradeStore, symbol: str) -> None:
    with pytest.raises(StoreError, match=r"Cassandra at 127\.0\.0\.1"):
        store.write(batch(symbol))
    with pytest.raises(StoreError, match=r"Cassandra at 127\.0\.0\.1"):
        list(store.read(symbol, NOON_MS, NOON_MS + 1))


def test_a_server_that_freezes(store: CassandraTradeStore, cassandra_stack: Stack) -> None:
    symbol = fresh_symbol()
    store.write(batch(symbol, 1))
    cassandra_stack.pause(NODE)
    try:
        assert seconds(lambda: refuses(store, symbol)) < 2 * TIMEOUT_S + scaled(3)
    finally:
        cassandra_stack.resume(NODE)
    until_it_works(lambda: store.write(batch(symbol)))
    assert list(store.read(symbol, NOON_MS, NOON_MS + 500)) == batch(symbol)


@pytest.mark.faults
def test_a_server_that_crashes(store: CassandraTradeStore, cassandra_stack: Stack) -> None:
    symbol = fresh_symbol()
    store.write(batch(symbol))
    # The commit log reaches the disk once a second, and a crash of the process loses nothing that the system has.
    cassandra_stack.kill(NODE)
    try:
        assert seconds(lambda: refuses(store, symbol)) < 2 * TIMEOUT_S + scaled(3)
    finally:
        cassandra_stack.start(NODE)
    until_it_works(lambda: store.write(batch(symbol)))
    assert list(store.read(symbol, NOON_MS, NOON_MS + 500)) == batch(symbol)
