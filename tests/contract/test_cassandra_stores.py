"""A real Cassandra keeps the promises of stores, in batches and, among the tests of faults, row by row."""

from collections.abc import Iterator

import attrs
import pytest

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.daily_candle_store import CassandraDailyCandleStore
from adapters.cassandra.event_store import CassandraEventStore
from adapters.cassandra.replication import Replication
from adapters.cassandra.report_store import CassandraReportStore
from adapters.cassandra.schema import apply_schema
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from apps.local_stack.parts import cassandra_of
from devstack.servers.secrets import ADMIN
from devstack.stack import Stack
from ports.candle_history import CandleHistory
from ports.candle_store import CandleStore
from ports.daily_candle_store import DailyCandleStore
from ports.event_store import EventStore
from ports.report_store import ReportStore
from ports.trade_store import TradeStore
from tests.support.keyspaces import fresh_keyspace

from .candle_history_contract import CandleHistoryContract
from .candle_store_contract import CandleStoreContract
from .daily_candle_store_contract import DailyCandleStoreContract
from .event_store_contract import EventStoreContract
from .report_store_contract import ReportStoreContract
from .trade_store_contract import TradeStoreContract

pytestmark = pytest.mark.servers

# No program writes this way, and in batches a row may be alone as well: the default run keeps these promises without them.
row_by_row = pytest.mark.faults


@pytest.fixture(scope="module")
def settings(each_cassandra_stack: Stack) -> CassandraSettings:
    settings = fresh_keyspace(cassandra_of(each_cassandra_stack, ADMIN), page_rows=100)
    apply_schema(settings, Replication.dev())
    return settings


@pytest.fixture(scope="module")
def session(settings: CassandraSettings) -> CassandraSession:
    return CassandraSession(settings)


class TestCassandraTradeStore(TradeStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, settings: CassandraSettings) -> Iterator[TradeStore]:
        with CassandraTradeStore(settings) as store:
            yield store


@row_by_row
class TestCassandraTradeStoreRowByRow(TradeStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, settings: CassandraSettings) -> Iterator[TradeStore]:
        with CassandraTradeStore(attrs.evolve(settings, batch_rows=1, max_in_flight=7)) as store:
            yield store


class TestCassandraCandleStore(CandleStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, settings: CassandraSettings, session: CassandraSession) -> Iterator[CandleStore]:
        with CassandraCandleStore(settings, session) as store:
            yield store


@row_by_row
class TestCassandraCandleStoreRowByRow(CandleStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, settings: CassandraSettings) -> Iterator[CandleStore]:
        with CassandraCandleStore(attrs.evolve(settings, batch_rows=1)) as store:
            yield store


class TestCassandraCandleHistory(CandleHistoryContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, settings: CassandraSettings, session: CassandraSession) -> Iterator[CandleHistory]:
        with CassandraCandleStore(settings, session) as store:
            yield store


class TestCassandraEventStore(EventStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, settings: CassandraSettings, session: CassandraSession) -> Iterator[EventStore]:
        with CassandraEventStore(settings, session) as store:
            yield store


@row_by_row
class TestCassandraEventStoreRowByRow(EventStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, settings: CassandraSettings) -> Iterator[EventStore]:
        with CassandraEventStore(attrs.evolve(settings, batch_rows=1)) as store:
            yield store


class TestCassandraReportStore(ReportStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, settings: CassandraSettings, session: CassandraSession) -> Iterator[ReportStore]:
        with CassandraReportStore(settings, session) as store:
            yield store


class TestCassandraDailyCandleStore(DailyCandleStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, settings: CassandraSettings, session: CassandraSession) -> Iterator[DailyCandleStore]:
        with CassandraDailyCandleStore(settings, session) as store:
            yield store
