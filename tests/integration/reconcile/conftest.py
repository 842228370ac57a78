"""The tables of these tests in a real Cassandra: each test has symbols of its own, so all share them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.trade_store import CassandraTradeStore
from devstack.stack import Stack
from tests.support.in_process_queries import await_tables
from tests.support.keyspaces import fresh_settings

from .tables import Tables, spark_settings


@pytest.fixture(scope="session")
def tables(spark: SparkSession, cassandra_stack: Stack) -> Iterator[Tables]:
    """The tables of trades and candles, and a Spark session to reconcile them in."""
    settings = fresh_settings((cassandra_stack.cassandra_hosts, cassandra_stack.cassandra_port))
    apply_schema(settings, Replication.dev())
    await_tables(spark, spark_settings(settings))
    session = CassandraSession(settings)
    with CassandraTradeStore(settings, session) as trades, CassandraCandleStore(settings, session) as candles:
        yield Tables(session=spark, settings=settings, trades=trades, candles=candles)
