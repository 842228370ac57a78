"""Reconcile a day on a real Cassandra: late trades are added to their candles, and windows that the stream may still change are not touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from pyspark.sql import DataFrame, SparkSession

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.daily_candle_store import CassandraDailyCandleStore
from adapters.cassandra.replication import Replication
from adapters.cassandra.revision_store import CassandraRevisionStore
from adapters.cassandra.schema import apply_schema
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from adapters.exchange_calendar.markets import NYSE, calendar_of_symbol
from adapters.kafka.publisher import KafkaPublisher
from adapters.spark import reconciling
from adapters.spark.daily_candles import store_daily_candles
from adapters.spark.reconciling import Difference, Request, Summary, reconcile
from adapters.spark.settings import AggregatorSettings
from adapters.spark.sinks import write_rows
from devstack.servers.java import java_home
from devstack.stack import Stack
from domain.candle import Candle, fold
from domain.candle_revision import CandleVersion, RevisionReason
from domain.daily_candle import DailyCandle
from domain.eligible_view import EligibleView
from domain.official_prices import PriceSource
from domain.reconciliation import DayError
from domain.rollup import DayHours
from domain.trade import Trade
from domain.window import MINUTE_MS, day_start_ms, to_datetime
from tests.contract.stores import fresh_symbol, make_trade
from tests.fault.in_process_queries import Carrier, await_tables
from tests.support.aggregators import Site
from tests.support.keyspaces import fresh_settings
from tests.support.timeouts import scaled

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
NOON_MS = day_start_ms(YESTERDAY) + 43_200_000
MARGIN_MS = 300_000
LATE_AT_ALL_MS = MARGIN_MS + MINUTE_MS
HOUR_US = 3_600_000_000


def spark_settings(cassandra: CassandraSettings) -> AggregatorSettings:
    return AggregatorSettings(
        cassandra_hosts=cassandra.hosts, cassandra_port=cassandra.port, keyspace=cassandra.keyspace
    )


@attrs.frozen(kw_only=True)
class Tables:
    """Tables that no other test uses, and a Spark session to reconcile them in."""

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
        """Write into the candle of noon, as of another clock."""
        day = YESTERDAY
        with CassandraSession(self.settings) as session:
            session.driver.execute(
                f"UPDATE {self.settings.keyspace}.trade_aggregates USING TIMESTAMP {written_us} SET {change}"  # noqa: S608
                f" WHERE symbol = '{symbol}' AND trade_year = {day.year} AND trade_month = {day.month}"
                f" AND trade_day = {day.day} AND window_ms = {MINUTE_MS} AND window_start = {NOON_MS}"
            )

    def ask(self, what: str, symbol: str, window_start_ms: int | None = None) -> object:
        """Ask for one thing of the one candle of a symbol, or of its candle of one window."""
        window = "" if window_start_ms is None else f"AND window_start = {window_start_ms}"
        with CassandraSession(self.settings) as session:
            query = f"SELECT {what} FROM {self.settings.keyspace}.trade_aggregates WHERE symbol = %s {window} ALLOW FILTERING"  # noqa: S608
            [[found]] = session.driver.execute(query, (symbol,))
        return found


@pytest.fixture(scope="module")
def tables(spark: SparkSession, cassandra_stack: Stack) -> Iterator[Tables]:
    settings = fresh_settings((cassandra_stack.cassandra_hosts, cassandra_stack.cassandra_port))
    apply_schema(settings, Replication.dev())
    await_tables(spark, spark_settings(settings))
    session = CassandraSession(settings)
    with CassandraTradeStore(settings, session) as trades, CassandraCandleStore(settings, session) as candles:
        yield Tables(session=spark, settings=settings, trades=trades, candles=candles)


def some_trades(symbol: str, count: int = 12, start_ms: int = NOON_MS, step_ms: int = 15_000) -> list[Trade]:
    return [
        make_trade(symbol, start_ms + n * step_ms, price=Decimal(100 + n), volume=Decimal(n + 1)) for n in range(count)
    ]


def candles_of(trades: Iterable[Trade], window_ms: int = MINUTE_MS) -> list[Candle]:
    return sorted(fold(trades, window_ms).values(), key=lambda one: one.window_start_ms)


def kinds(found: Iterable[Difference]) -> list[tuple[str, int]]:
    return [(one.kind, (one.window_start_ms - NOON_MS) // MINUTE_MS) for one in found]


def test_missing_and_changed_candles_are_reported_and_corrected_once(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol)
    whole = candles_of(trades)
    tables.trades.write(trades)
    # The first is right, the second lacks a trade, the third is not there.
    lacking = candles_of([one for one in trades if one != trades[7]])
    tables.candles.write([whole[0], lacking[1]])
    before = tables.stored(symbol)

    summary, found = tables.reconcile(symbol, dry_run=True)
    assert kinds(found) == [("changed", 1), ("missing", 2)]
    assert (summary.changed, summary.missing, summary.extra, summary.written, summary.candles) == (1, 1, 0, 0, 3)
    values = found[0].values
    assert values["volume"] == (lacking[1].volume, whole[1].volume)
    assert values["trade_count"] == (3, 4)
    assert values["close_timestamp"] == (trades[6].timestamp_ms, trades[7].timestamp_ms)
    assert "open" not in values
    assert tables.stored(symbol) == before

    summary, again = tables.reconcile(symbol)
    assert (again, summary.written) == (found, 2)
    assert tables.stored(symbol) == whole
    summary, found = tables.reconcile(symbol)
    assert (found, summary.differences, summary.written) == ([], 0, 0)


def test_a_correction_keeps_the_candle_that_it_replaces(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol)
    tables.trades.write(trades)
    right = candles_of(trades)
    lacking = candles_of([one for one in trades if one != trades[7]])
    tables.candles.write([right[0]], known_at_ms=right[0].window_end_ms)
    tables.candles.write([lacking[1]], known_at_ms=lacking[1].window_end_ms + 5)
    begun_ms = time.time_ns() // 1_000_000
    tables.reconcile(symbol)

    assert tables.stored(symbol) == right
    after, before, added = tables.revisions(symbol)
    assert (before.candle, before.known_at_ms, before.reason) == (lacking[1], lacking[1].window_end_ms + 5, None)
    assert (after.candle, after.reason) == (right[1], RevisionReason.RECONCILE)
    assert (added.candle, added.reason) == (right[2], RevisionReason.RECONCILE)
    assert begun_ms <= after.known_at_ms == added.known_at_ms <= time.time_ns() // 1_000_000
    assert tables.as_of(symbol, begun_ms - 1) == [right[0], lacking[1]]
    assert tables.as_of(symbol, after.known_at_ms) == right
    tables.reconcile(symbol)
    assert tables.revisions(symbol) == [after, before, added]


def test_a_run_after_one_that_was_killed_before_its_candles_leaves_the_same_revisions(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol, 6)
    tables.trades.write(trades)
    tables.candles.write(candles_of(trades[:3]))

    def killed(rows: DataFrame, settings: AggregatorSettings, table: str, **named: Any) -> None:
        if table == "trade_aggregates":
            raise KeyboardInterrupt
        write_rows(rows, settings, table, **named)

    with monkeypatch.context() as patch:
        patch.setattr(reconciling, "write_rows", killed)
        with pytest.raises(KeyboardInterrupt):
            tables.reconcile(symbol)
    left = tables.revisions(symbol)
    assert [version.reason for version in left] == [RevisionReason.RECONCILE, None, RevisionReason.RECONCILE]
    tables.reconcile(symbol)
    assert tables.revisions(symbol) == left
    assert tables.stored(symbol) == candles_of(trades)
    assert tables.as_of(symbol, left[0].known_at_ms) == candles_of(trades)


def test_a_correction_is_known_later_than_the_candle_that_it_replaces(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol, 4)
    ahead_ms = time.time_ns() // 1_000_000 + 3_600_000
    tables.trades.write(trades)
    tables.candles.write(candles_of(trades[:3]), known_at_ms=ahead_ms)
    tables.reconcile(symbol)
    assert [version.known_at_ms for version in tables.revisions(symbol)] == [ahead_ms + 1, ahead_ms]
    assert tables.as_of(symbol, ahead_ms) == candles_of(trades[:3])


def test_each_column_is_compared(tables: Tables) -> None:
    damage = dict.fromkeys(("open", "high", "low", "close", "volume", "notional", "vwap"), "0.00000001")
    damage |= {"trade_count": "0", "update_count": "7", "open_timestamp": "1", "open_trade_id": "'x'"}
    damage |= {"close_timestamp": "1", "close_trade_id": "'x'"}
    damage |= {f"eligible_{name}": value for name, value in damage.items() if not name.endswith("_count")}
    damage |= {"eligible_count": "0", "eligible_vwap_volume": "null"}
    symbols = {fresh_symbol(): field for field in damage}
    for symbol, field in symbols.items():
        trades = some_trades(symbol, 3)
        tables.candles.write(candles_of(trades))
        # One is long after: without it, a candle that counts more trades may only be early.
        tables.trades.write([*trades, make_trade(symbol, NOON_MS + LATE_AT_ALL_MS + MINUTE_MS)])
        day = YESTERDAY
        with CassandraSession(tables.settings) as session:
            session.driver.execute(
                f"UPDATE {tables.settings.keyspace}.trade_aggregates SET {field} = {damage[field]}"  # noqa: S608
                f" WHERE symbol = '{symbol}' AND trade_year = {day.year} AND trade_month = {day.month}"
                f" AND trade_day = {day.day} AND window_ms = {MINUTE_MS} AND window_start = {NOON_MS}"
            )
    _, found = tables.reconcile(*symbols)
    changed = {one.symbol: list(one.values) for one in found if one.kind == "changed"}
    assert changed == {symbol: [field] for symbol, field in symbols.items()}
    assert all(tables.stored(symbol)[:1] == candles_of(some_trades(symbol, 3)) for symbol in symbols)


def test_both_views_are_corrected_by_the_conditions_of_stored_trades(tables: Tables) -> None:
    symbol = fresh_symbol().replace(":", "-")
    stock = {"venue": "US", "asset_class": "stock"}
    trades = [
        make_trade(symbol, NOON_MS, price=Decimal(100), conditions=("1",), **stock),
        make_trade(symbol, NOON_MS + 1, price=Decimal(120), conditions=("1", "12"), **stock),
        make_trade(symbol, NOON_MS + 2, price=Decimal(90), conditions=("16",), **stock),
        make_trade(symbol, NOON_MS + MINUTE_MS, price=Decimal(80), conditions=("12",), **stock),
    ]
    [first, second] = candles_of(trades)
    assert (first.high, first.eligible.high, second.eligible.open) == (Decimal(120), Decimal(100), None)
    tables.trades.write(trades)
    # As if all trades had been eligible, and as a row from before there was an eligible view.
    tables.candles.write(candles_of(attrs.evolve(one, conditions=()) for one in trades))
    assert kinds(tables.reconcile(symbol)[1]) == [("changed", 0), ("changed", 1)]
    assert tables.stored(symbol) == [first, second]
    assert tables.ask("eligible_open", symbol, NOON_MS + MINUTE_MS) is None
    tables.candles.write([attrs.evolve(first, eligible=EligibleView())])
    assert kinds(tables.reconcile(symbol)[1]) == [("changed", 0)]
    assert tables.stored(symbol) == [first, second]


def stored_days(tables: Tables, symbol: str, **request: object) -> list[DailyCandle]:
    """Store the candle of yesterday as the command does, and read it."""
    wanted = Request(**{"day": YESTERDAY, "symbols": (symbol,), "margin_ms": 0, **request})  # type: ignore[arg-type]
    tomorrow_ms = day_start_ms(YESTERDAY) + 2 * 86_400_000
    settings = spark_settings(tables.settings)
    store_daily_candles(tables.session, settings, wanted, calendar_of_symbol, now_ms=lambda: tomorrow_ms)
    with CassandraDailyCandleStore(tables.settings) as days:
        return list(days.read(symbol, YESTERDAY, YESTERDAY))


def test_the_candle_of_the_day_is_stored_once_and_corrected_by_the_next_run(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol)
    tables.trades.write(trades)
    [found] = stored_days(tables, symbol)
    [expected] = candles_of(trades, 86_400_000)
    assert found.candle == expected
    assert (found.day, found.hours, found.expected_ms, found.covered_ms) == (
        YESTERDAY,
        DayHours.REGULAR,
        86_400_000,
        None,
    )
    assert stored_days(tables, symbol) == [found]
    # The coverage that a report stored stays.
    with CassandraDailyCandleStore(tables.settings) as days:
        days.write([attrs.evolve(found, covered_ms=7)])
    late = make_trade(symbol, NOON_MS + 5, price=Decimal(1_000))
    tables.trades.write([late])
    [again] = stored_days(tables, symbol)
    assert again == attrs.evolve(found, candle=candles_of([*trades, late], 86_400_000)[0], covered_ms=7)


def test_official_prices_are_stored_with_the_day_and_deleted_when_they_are_gone(tables: Tables) -> None:
    symbol = fresh_symbol().replace(":", "-")
    stock = {"venue": "US", "asset_class": "stock"}
    day = next(
        found for found in (YESTERDAY - timedelta(days=age) for age in range(7)) if NYSE.hours(found) is not None
    )
    hours = NYSE.hours(day)
    assert hours is not None
    trades = [
        make_trade(symbol, hours.regular_start_ms, price=Decimal(100), conditions=("18",), **stock),
        make_trade(symbol, hours.regular_end_ms, price=Decimal(101), conditions=("36",), **stock),
        make_trade(symbol, hours.post_end_ms - 1, price=Decimal(102), conditions=("16",), **stock),
    ]
    tables.trades.write(trades)
    tables.trades.write(
        [make_trade(symbol, hours.regular_start_ms + 1, price=Decimal(99), conditions=("12",), **stock)]
    )
    wanted = Request(day=day, symbols=(symbol,), margin_ms=0)
    store_daily_candles(
        tables.session,
        spark_settings(tables.settings),
        wanted,
        calendar_of_symbol,
        now_ms=lambda: hours.post_end_ms + 3_600_000,
    )
    with CassandraDailyCandleStore(tables.settings) as days:
        [found] = days.read(symbol, day, day)
    assert found.candle.trade_count == 2
    assert (found.candle.low, found.candle.eligible.low) == (Decimal(99), Decimal(100))
    assert found.official_open is not None
    assert found.official_close is not None
    assert (found.official_open.key, found.official_open.source) == (trades[0].key, PriceSource.AUCTION)
    assert (found.official_close.key, found.official_close.source) == (trades[2].key, PriceSource.OFFICIAL)


def test_a_day_that_is_not_over_or_whose_trades_expire_is_not_stored(tables: Tables) -> None:
    symbol = fresh_symbol()
    tables.trades.write(some_trades(symbol))
    settings = spark_settings(tables.settings)
    wanted = Request(day=YESTERDAY, symbols=(symbol,), margin_ms=0)
    for now_ms in (NOON_MS, NOON_MS + 40 * 86_400_000):
        assert (
            store_daily_candles(
                tables.session, settings, wanted, calendar_of_symbol, now_ms=lambda now_ms=now_ms: now_ms
            )
            == 0
        )


def test_a_candle_without_trades_is_reported_and_never_deleted(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol)
    tables.candles.write(candles_of(trades))
    tables.trades.write(trades[4:])
    later = make_trade(symbol, NOON_MS + 3 * LATE_AT_ALL_MS)
    tables.trades.write([later])
    for _ in range(2):
        summary, found = tables.reconcile(symbol)
        assert ("extra", 0) in kinds(found)
        assert summary.extra == 1
    assert tables.stored(symbol) == candles_of([*trades, later])


def test_a_candle_that_counts_more_trades_is_corrected_when_later_trades_are_stored(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol, 4)
    twice = candles_of([*trades, *trades])
    tables.candles.write(twice)
    tables.trades.write(trades)
    # Its trades may still be on their way: nothing newer is there.
    assert tables.reconcile(symbol)[1] == []
    assert tables.stored(symbol) == twice
    tables.trades.write([make_trade(symbol, NOON_MS + 86_400_000)])
    assert kinds(tables.reconcile(symbol)[1]) == [("changed", 0)]
    assert tables.stored(symbol)[:1] == candles_of(trades)


def test_a_candle_of_price_updates_alone_loses_an_old_vwap(tables: Tables) -> None:
    symbol = fresh_symbol()
    updates = [attrs.evolve(one, volume=Decimal(0)) for one in some_trades(symbol, 3)]
    tables.candles.write(candles_of(some_trades(symbol, 3)))
    tables.trades.write(updates)
    assert "vwap" in tables.reconcile(symbol)[1][0].values
    assert tables.reconcile(symbol)[1] == []
    assert tables.ask("vwap", symbol) is None


def test_open_windows_are_not_corrected(tables: Tables) -> None:
    symbol = fresh_symbol()
    now_ms = NOON_MS + 10 * MINUTE_MS
    trades = some_trades(symbol, 40)
    tables.trades.write(trades)
    wanted = Request(day=YESTERDAY, symbols=(symbol,), margin_ms=MARGIN_MS)
    found: list[Difference] = []
    reconcile(tables.session, spark_settings(tables.settings), wanted, found.append, now_ms=lambda: now_ms)
    # The window that ended exactly so long ago is the last.
    assert kinds(found) == [("missing", n) for n in range(4)]
    assert tables.stored(symbol) == candles_of(trades)[:4]


def test_what_the_stream_writes_meanwhile_stays(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol, 4)
    tables.trades.write(trades)
    streamed = candles_of([*trades, make_trade(symbol, NOON_MS + 59_000)])
    # Between reading and writing.
    tables.reconcile(symbol, report=lambda _difference: tables.candles.write(streamed))
    assert tables.stored(symbol) == streamed


def test_a_correction_replaces_a_candle_whose_write_time_is_ahead_of_the_clock(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol, 4)
    tables.trades.write(trades)
    tables.candles.write(candles_of(trades[:3]))
    ahead_us = time.time_ns() // 1000 + HOUR_US
    # One column alone is ahead, and it is not the first.
    tables.update(symbol, "close = 1", written_us=ahead_us)
    summary, found = tables.reconcile(symbol)
    assert (kinds(found), summary.written) == ([("changed", 0)], 1)
    assert tables.ask("close", symbol) == trades[-1].price
    assert tables.ask("trade_count", symbol) == len(trades)
    assert tables.ask("WRITETIME(close)", symbol) == ahead_us + 1
    assert tables.reconcile(symbol)[1] == []


def test_what_the_stream_writes_meanwhile_stays_also_when_write_times_are_ahead_of_the_clock(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol, 4)
    tables.trades.write(trades)
    tables.candles.write(candles_of(trades[:3]))
    ahead_us = time.time_ns() // 1000 + HOUR_US
    tables.update(symbol, "close = 1", written_us=ahead_us)
    # The next micro-batch of a stream whose clock was set back.
    tables.reconcile(symbol, report=lambda _difference: tables.update(symbol, "close = 2", written_us=ahead_us + 2))
    assert tables.ask("close", symbol) == 2


def test_a_corrected_candle_expires_with_its_day(tables: Tables) -> None:
    symbol = fresh_symbol()
    tables.trades.write(some_trades(symbol, 1))
    tables.reconcile(symbol)
    ttl_s = tables.ask("TTL(high)", symbol)
    left_s = day_start_ms(YESTERDAY) // 1000 + 91 * 86_400 - time.time()
    assert isinstance(ttl_s, int)
    assert left_s - 5 < ttl_s < left_s + 300


def test_without_names_all_symbols_of_the_day_are_reconciled_and_no_other_day(tables: Tables) -> None:
    names = [fresh_symbol("it's"), fresh_symbol(), fresh_symbol()]
    tables.trades.write(some_trades(names[0], 1))
    tables.candles.write(candles_of(some_trades(names[1], 1)))
    tables.trades.write(some_trades(names[2], 1, NOON_MS + 86_400_000))
    summary, found = tables.reconcile(dry_run=True)
    reported = {one.symbol: one.kind for one in found}
    assert (reported[names[0]], reported.get(names[1])) == ("missing", "extra")
    assert names[2] not in reported
    assert summary.symbols >= 2
    assert {one.symbol for one in tables.reconcile(names[0])[1]} == {names[0]}


@pytest.mark.parametrize("window_ms", [7_777, 7 * 3_600_000])
def test_windows_that_do_not_divide_a_day_are_whole(tables: Tables, window_ms: int) -> None:
    symbol = fresh_symbol()
    start_ms = day_start_ms(YESTERDAY) - 86_400_000
    trades = some_trades(symbol, 120, start_ms, 1_900_000)
    tables.trades.write(trades)
    settings = attrs.evolve(spark_settings(tables.settings), window_ms=window_ms)
    day = YESTERDAY - timedelta(days=1)
    reconcile(
        tables.session, settings, Request(day=day, symbols=(symbol,), margin_ms=0), lambda _one: None,
    )  # fmt: skip
    expected = [one for one in candles_of(trades, window_ms) if to_datetime(one.window_start_ms).date() == day]
    assert list(tables.candles.read(symbol, start_ms - window_ms, start_ms + 5 * 86_400_000, window_ms)) == expected


def test_a_day_whose_trades_have_expired_is_refused(tables: Tables) -> None:
    symbol = fresh_symbol()
    day = YESTERDAY - timedelta(days=40)
    tables.candles.write(candles_of(some_trades(symbol, 4, day_start_ms(day))))
    with pytest.raises(DayError, match="30 days"):
        tables.reconcile(symbol, day=day)


def test_a_late_trade_is_stored_raw_and_ends_up_in_its_candle_by_the_command(
    spark: SparkSession, kafka_stack: Stack, cassandra_stack: Stack, tmp_path: Path
) -> None:
    site = Site.make("late", tmp_path, kafka_stack, cassandra_stack)
    carrier, symbol = Carrier(spark, site), fresh_symbol()
    trades = some_trades(symbol, 40)
    # Its window is the first, and nine minutes of trades came before it.
    late = make_trade(
        symbol, NOON_MS + 30_000, "0009-00000000", price=Decimal(999), received_ms=NOON_MS + 9 * MINUTE_MS
    )
    publisher = KafkaPublisher(site.kafka)
    publisher.start()
    try:
        for batch in (trades, [late]):
            for trade in batch:
                publisher.publish(trade)
            assert publisher.flush(60).pending == 0
            carrier.once()
    finally:
        publisher.close()
    with CassandraTradeStore(site.cassandra) as store:
        assert late in list(store.read(symbol, NOON_MS, NOON_MS + MINUTE_MS))

    def stored() -> list[Candle]:
        with CassandraCandleStore(site.cassandra) as store:
            return list(store.read(symbol, NOON_MS, NOON_MS + 86_400_000, MINUTE_MS))

    assert stored() == candles_of(trades)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "JAVA_HOME": str(java_home()),
        "TAPELINE_CASSANDRA_HOSTS": ",".join(site.cassandra.hosts),
        "TAPELINE_CASSANDRA_PORT": str(site.cassandra.port),
        "TAPELINE_CASSANDRA_KEYSPACE": site.cassandra.keyspace,
    }

    def command(*line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*line, "--day", str(YESTERDAY)],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=scaled(200), check=False,
        )  # fmt: skip

    # spark-submit sends words and differences to one place.
    reported = command("spark-submit", "apps/reconcile.py", "--dry-run", "--format", "json")
    assert reported.returncode == 1, reported.stderr[-2000:]
    [difference] = (json.loads(line) for line in reported.stdout.splitlines() if line.startswith('{"kind"'))
    assert (difference["kind"], difference["symbol"]) == ("changed", symbol)
    assert difference["columns"]["high"] == {"stored": 103, "computed": 999, "difference": 896}
    assert stored() == candles_of(trades)

    done = command(sys.executable, "-m", "apps.reconcile", "--symbol", f"{symbol},NOBODY")
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["changed", symbol, to_datetime(NOON_MS).isoformat(), "trade_count", "4", "5", "+1"] in lines
    assert "1 changed, 0 extra; 1 written" in done.stderr
    assert stored() == candles_of([*trades, late])
