"""What the stores leave in Cassandra's tables, for others who read them; and sessions, shared and not."""

import multiprocessing
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import attrs
import pytest

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from devstack.stack import Stack
from domain.decimals import ZERO
from domain.window import MINUTE_MS
from ports.errors import StoreError
from tests.contract.stores import DAY_MS, MIDNIGHT_MS, NOON_MS, fresh_symbol, make_candle, make_trade
from tests.support.keyspaces import fresh_settings
from tests.support.timeouts import TIMEOUT_S

pytestmark = pytest.mark.servers

HALF_DAY_MS = DAY_MS // 2


@pytest.fixture(scope="module")
def settings(cassandra_stack: Stack) -> CassandraSettings:
    settings = fresh_settings((cassandra_stack.cassandra_hosts, cassandra_stack.cassandra_port))
    apply_schema(settings, Replication.dev())
    return settings


@pytest.fixture
def session(settings: CassandraSettings) -> Iterator[CassandraSession]:
    with CassandraSession(settings) as session:
        yield session


def row(session: CassandraSession, columns: str, table: str, symbol: str) -> tuple[Any, ...]:
    query = f"SELECT {columns} FROM {session.settings.keyspace}.{table} WHERE symbol = %s ALLOW FILTERING"  # noqa: S608
    found: tuple[Any, ...] = session.driver.execute(query, (symbol,)).one()
    return found


def test_a_trade_lies_in_the_day_of_its_event_time_utc(settings: CassandraSettings, session: CassandraSession) -> None:
    symbol = fresh_symbol()
    with CassandraTradeStore(settings, session) as store:
        store.write([make_trade(symbol, MIDNIGHT_MS - 1, received_ms=MIDNIGHT_MS + 5)])
    columns = "trade_year, trade_month, trade_day, toUnixTimestamp(timestamp), toUnixTimestamp(received_at), price"
    assert row(session, columns, "trades_v2", symbol) == (
        2019, 10, 10, MIDNIGHT_MS - 1, MIDNIGHT_MS + 5, Decimal("0.00141342")
    )  # fmt: skip


def test_a_candle_lies_in_the_day_of_its_start_with_all_that_it_needs_to_merge(
    settings: CassandraSettings, session: CassandraSession
) -> None:
    symbol = fresh_symbol()
    candle = make_candle(symbol, MIDNIGHT_MS - HALF_DAY_MS, HALF_DAY_MS)
    with CassandraCandleStore(settings, session) as store:
        store.write([candle])
    columns = (
        "trade_day, window_ms, open, close, vwap, notional, toUnixTimestamp(open_timestamp), open_trade_id,"
        " toUnixTimestamp(close_timestamp), close_trade_id"
    )
    assert row(session, columns, "trade_aggregates", symbol) == (
        10, HALF_DAY_MS, Decimal("1.5"), Decimal("1.25"), Decimal("1.45"), Decimal("3.625"),
        candle.open_key.timestamp_ms, "0000-00000000", candle.close_key.timestamp_ms, "0001-00000000",
    )  # fmt: skip


@pytest.mark.parametrize("others", [0, 5])
def test_a_vwap_that_does_not_exist_is_not_written_not_even_as_null(
    settings: CassandraSettings, session: CassandraSession, others: int
) -> None:
    symbol = fresh_symbol()
    with_vwap = [make_candle(symbol, NOON_MS + n * MINUTE_MS) for n in range(1, 1 + others)]
    without = make_candle(symbol, volume=ZERO, notional=ZERO)
    with CassandraCandleStore(settings, session) as store:
        # A null would be a tombstone, and hide the value that another writer had put there before.
        store.write([make_candle(symbol)])
        store.write([without, *with_vwap])
    query = (
        f"SELECT vwap, volume FROM {settings.keyspace}.trade_aggregates WHERE symbol = %s AND trade_year = 2019"  # noqa: S608
        " AND trade_month = 10 AND trade_day = 11 AND window_ms = %s AND window_start = %s"
    )
    assert session.driver.execute(query, (symbol, MINUTE_MS, NOON_MS)).one() == (Decimal("1.45"), 0)


def test_rows_expire_by_the_tables_default(settings: CassandraSettings, session: CassandraSession) -> None:
    symbol = fresh_symbol()
    with CassandraTradeStore(settings, session) as trades, CassandraCandleStore(settings, session) as candles:
        trades.write([make_trade(symbol, 0)])
        candles.write([make_candle(symbol, 0)])
    [trade_ttl], [candle_ttl] = (
        row(session, "TTL(price)", "trades_v2", symbol),
        row(session, "TTL(open)", "trade_aggregates", symbol),
    )
    assert 0 <= 30 * 86_400 - trade_ttl < 600
    assert 0 <= 90 * 86_400 - candle_ttl < 600


def test_stores_share_a_session_until_the_last_of_them_closes(settings: CassandraSettings) -> None:
    session = CassandraSession(settings)
    trades, candles = CassandraTradeStore(settings, session), CassandraCandleStore(settings, session)
    trades.start()
    candles.start()
    trades.close()
    trades.close()
    candles.write([make_candle(fresh_symbol())])
    candles.close()
    with pytest.raises(StoreError, match="not connected"):
        session.driver  # noqa: B018 - raises
    trades.start()
    trades.write([make_trade(fresh_symbol())])
    trades.close()


def test_a_store_that_is_closed_refuses_and_may_be_started_again(settings: CassandraSettings) -> None:
    symbol = fresh_symbol()
    store = CassandraTradeStore(settings)
    store.start()
    store.start()
    store.write([make_trade(symbol)])
    store.close()
    with pytest.raises(StoreError):
        store.write([make_trade(symbol)])
    with pytest.raises(StoreError):
        store.read(symbol, 0, 1)
    with store:
        assert len(list(store.read(symbol, NOON_MS, NOON_MS + 1))) == 1


def test_a_reading_under_way_ends_in_an_error_when_the_store_is_closed(settings: CassandraSettings) -> None:
    symbol = fresh_symbol()
    store = CassandraTradeStore(attrs.evolve(settings, page_rows=10))
    store.start()
    store.write(make_trade(symbol, NOON_MS + ms) for ms in range(100))
    reading = store.read(symbol, NOON_MS, NOON_MS + 100)
    next(reading)
    store.close()
    with pytest.raises(StoreError):
        list(reading)


def test_an_error_of_the_caller_is_not_the_stores(settings: CassandraSettings) -> None:
    def broken() -> Any:
        yield make_trade(fresh_symbol())
        raise LookupError("the caller's own")

    with CassandraTradeStore(settings) as store:
        with pytest.raises(LookupError, match="the caller's own"):
            store.write(broken())
        store.write([make_trade(fresh_symbol())])


def _write_in_child(store: CassandraTradeStore, said: Any) -> None:
    try:
        store.write([make_trade("child")])
    except StoreError as error:
        said.put(str(error))
    store.close()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_another_process_makes_its_own_session(settings: CassandraSettings) -> None:
    context = multiprocessing.get_context("fork")
    said = context.SimpleQueue()
    symbol = fresh_symbol()
    with CassandraTradeStore(settings) as store:
        child = context.Process(target=_write_in_child, args=(store, said))
        child.start()
        child.join(TIMEOUT_S)
        assert child.exitcode == 0
        assert "another process" in said.get()
        store.write([make_trade(symbol)])
        assert len(list(store.read(symbol, NOON_MS, NOON_MS + 1))) == 1
