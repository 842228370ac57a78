"""Tables to reconcile, what is written into them, and readers of what a reconciliation left."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
from pyspark.sql import SparkSession

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.revision_store import CassandraRevisionStore
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from adapters.spark.reconciling import Difference, Request, Summary, reconcile
from adapters.spark.settings import AggregatorSettings
from domain.candle import Candle, fold
from domain.candle_revision import CandleVersion
from domain.trade import Trade
from domain.window import MINUTE_MS, day_start_ms
from tests.contract.stores import make_trade

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
NOON_MS = day_start_ms(YESTERDAY) + 43_200_000
MARGIN_MS = 300_000


def spark_settings(cassandra: CassandraSettings) -> AggregatorSettings:
    return AggregatorSettings(
        cassandra_hosts=cassandra.hosts, cassandra_port=cassandra.port, keyspace=cassandra.keyspace
    )


@attrs.frozen(kw_only=True)
class Tables:
    """Tables that only these tests use, and a Spark session to reconcile them in."""

    session: SparkSession
    settings: CassandraSettings
    trades: CassandraTradeStore
    candles: CassandraCandleStore

    def reconcile(
        self, *symbols: str, report: Callable[[Difference], None] = lambda _difference: None, **request: object
    ) -> tuple[Summary, list[Difference]]:
        found: list[Difference] = []

        def take(difference: Difference) -> None:
            found.append(difference)
            report(difference)

        wanted = Request(**{"day": YESTERDAY, "symbols": symbols, "margin_ms": MARGIN_MS, **request})  # type: ignore[arg-type]
        return reconcile(self.session, spark_settings(self.settings), wanted, take), found

    def stored(self, symbol: str, window_ms: int = MINUTE_MS) -> list[Candle]:
        start_ms = day_start_ms(YESTERDAY)
        return list(self.candles.read(symbol, start_ms, start_ms + 3 * 86_400_000, window_ms))

    def revisions(self, symbol: str) -> list[CandleVersion]:
        """Return all revisions of a symbol, oldest window first, newest version first."""
        start_ms = day_start_ms(YESTERDAY)
        with CassandraRevisionStore(self.settings) as store:
            return list(store.read(symbol, start_ms, start_ms + 86_400_000, MINUTE_MS))

    def as_of(self, symbol: str, as_of_ms: int) -> list[Candle]:
        start_ms = day_start_ms(YESTERDAY)
        return list(self.candles.read_as_of(symbol, start_ms, start_ms + 86_400_000, MINUTE_MS, as_of_ms=as_of_ms))

    def update(self, symbol: str, change: str, *, written_us: int) -> None:
        """Change columns of the candle of noon, with a write time in microseconds since the epoch."""
        day = YESTERDAY
        with CassandraSession(self.settings) as session:
            session.driver.execute(
                f"UPDATE {self.settings.keyspace}.trade_aggregates USING TIMESTAMP {written_us} SET {change}"  # noqa: S608
                f" WHERE symbol = '{symbol}' AND trade_year = {day.year} AND trade_month = {day.month}"
                f" AND trade_day = {day.day} AND window_ms = {MINUTE_MS} AND window_start = {NOON_MS}"
            )

    def ask(self, what: str, symbol: str, window_start_ms: int | None = None) -> object:
        """Return one column, or one function of it, from the only candle of a symbol or from its candle of one window."""
        window = "" if window_start_ms is None else f"AND window_start = {window_start_ms}"
        with CassandraSession(self.settings) as session:
            query = f"SELECT {what} FROM {self.settings.keyspace}.trade_aggregates WHERE symbol = %s {window} ALLOW FILTERING"  # noqa: S608
            [[found]] = session.driver.execute(query, (symbol,))
        return found


def some_trades(symbol: str, count: int = 12, start_ms: int = NOON_MS, step_ms: int = 15_000) -> list[Trade]:
    return [
        make_trade(symbol, start_ms + n * step_ms, price=Decimal(100 + n), volume=Decimal(n + 1)) for n in range(count)
    ]


def candles_of(trades: Iterable[Trade], window_ms: int = MINUTE_MS) -> list[Candle]:
    return sorted(fold(trades, window_ms).values(), key=lambda one: one.window_start_ms)


def kinds(found: Iterable[Difference]) -> list[tuple[str, int]]:
    return [(one.kind, (one.window_start_ms - NOON_MS) // MINUTE_MS) for one in found]
