"""Days of many symbols have the same summaries in the domain and in Spark: the counts, the differences of stored candles, the official prices, the candle."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date

import attrs
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.exchange_calendar.markets import NYSE, calendar_of_symbol
from adapters.spark.candles import candles
from adapters.spark.day_summaries import day_bounds, summary_of
from adapters.spark.day_sums import day_sums, fold_minutes
from adapters.spark.eligibility import judge_rows
from domain.candle import fold
from domain.day_summary import DaySummary, DayTally, SymbolDay
from domain.eligibility import eligibility_rules
from domain.gaps import Spans, union
from domain.rollup import DayHours
from domain.session import CoverageSpan
from domain.trade import Trade
from domain.window import MINUTE_MS

from .test_eligibility import TRADES

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

EARLY_CLOSE, WINTER, SUMMER, HOLIDAY = date(2018, 11, 23), date(2018, 11, 5), date(2018, 3, 12), date(2018, 12, 25)
judge = eligibility_rules(NYSE.session)


def day_of(symbol: str, day: date, hours: DayHours, covered: Spans | None) -> SymbolDay:
    found = SymbolDay.of(symbol, day, calendar_of_symbol(symbol).hours(day), hours=hours, closed_ms=4_000_000_000_000)
    return attrs.evolve(found, covered=covered)


def within(trades: Iterable[Trade], day: SymbolDay) -> list[Trade]:
    return [trade for trade in trades if trade.symbol == day.symbol and day.start_ms <= trade.timestamp_ms < day.end_ms]


def some_spans(day: SymbolDay, source: random.Random) -> Spans | None:
    edges = [source.randrange(day.start_ms, day.end_ms) for _ in range(8)]
    return source.choice(
        [None, union(CoverageSpan(*sorted(pair)) for pair in zip(edges[::2], edges[1::2], strict=True))]
    )


def rows_of(spark: SparkSession, trades: Iterable[Trade]) -> DataFrame:
    """Rows as the connector reads them from `trades_v2`."""
    rows = [
        (t.symbol, t.timestamp_ms, t.trade_id, t.price, t.volume, list(t.conditions), t.venue, str(t.asset_class))
        for t in trades
    ]
    schema = (
        "symbol string, timestamp_ms bigint, trade_id string, price decimal(38,18), volume decimal(38,18),"
        " conditions array<string>, venue string, asset_class string"
    )
    found = spark.createDataFrame(rows, schema).withColumn("timestamp", F.timestamp_millis("timestamp_ms"))
    return judge_rows(found, NYSE.trading_days())


def by_domain(day: SymbolDay, trades: Iterable[Trade], stored: Iterable[Trade]) -> DaySummary:
    tally = DayTally(judge)
    for trade in within(trades, day):
        tally.add(trade)
    return tally.summary(day, fold(within(stored, day), MINUTE_MS, judge).values())


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (EARLY_CLOSE, DayHours.REGULAR),
        (WINTER, DayHours.EXTENDED),
        (SUMMER, DayHours.REGULAR),
        (HOLIDAY, DayHours.EXTENDED),
    ],
)
def test_the_summaries_of_a_day_are_equal(spark: SparkSession, day: date, hours: DayHours) -> None:
    source = random.Random(day.toordinal())
    symbols = sorted({trade.symbol for trade in TRADES})
    days = [day_of(symbol, day, hours, None) for symbol in symbols]
    days = [attrs.evolve(one, covered=some_spans(one, source)) for one in days]
    trades = [trade for one in days for trade in within(TRADES, one)]
    # Some trades came late, some are not stored, and some candles are of other conditions.
    counted = [trade for trade in trades if source.random() > 0.05]
    counted = [attrs.evolve(trade, conditions=()) if source.random() < 0.05 else trade for trade in counted]
    kept = [trade for trade in trades if source.random() > 0.05]
    expected = [by_domain(one, kept, counted) for one in days]
    minutes, stored = fold_minutes(rows_of(spark, kept)), candles(rows_of(spark, counted), MINUTE_MS)
    rows = {row.symbol: row for row in day_sums(minutes, stored, day_bounds(spark, days)).collect()}
    assert [summary_of(one, rows.get(one.symbol)) for one in days] == expected
    assert sum(one.trades for one in expected) > 100
    assert all(sum(getattr(one.stored, name) for one in expected) for name in ("late", "raw_differ", "eligible_differ"))


def test_the_generated_days_have_all_that_is_summed_up() -> None:
    days = [
        day_of(symbol, day, DayHours.REGULAR, None)
        for symbol in {trade.symbol for trade in TRADES}
        for day in (EARLY_CLOSE, WINTER, SUMMER)
    ]
    found = [by_domain(day, TRADES, ()) for day in days]
    assert any(one.official.open for one in found)
    assert any(one.official.close for one in found)
    assert any(one.unknown_conditions for one in found)
    assert any(one.candle and one.candle.eligible.open is None for one in found) or any(one.candle for one in found)


def test_rows_from_before_the_eligible_view_count_as_a_view_without_trades(spark: SparkSession) -> None:
    day = day_of("BINANCE:BTCUSDT", WINTER, DayHours.REGULAR, None)
    trades = within(TRADES, day)
    minutes = fold_minutes(rows_of(spark, trades))
    old = candles(rows_of(spark, trades), MINUTE_MS)
    old = old.withColumns({name: F.lit(None).cast(kind) for name, kind in old.dtypes if name.startswith("eligible_")})
    [row] = day_sums(minutes, old, day_bounds(spark, [day])).collect()
    found = summary_of(day, row)
    assert (found.stored.raw_differ, found.stored.eligible_differ) == (0, found.stored.candles)


def test_a_symbol_of_which_nothing_is_stored_has_an_empty_summary() -> None:
    day = day_of("AAPL", WINTER, DayHours.REGULAR, [])
    assert summary_of(day, None) == by_domain(day, (), ()) == DaySummary.empty(day)
