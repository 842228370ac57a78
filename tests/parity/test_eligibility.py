"""Ten thousand trades with every code, on every kind of day and at every hour: the same eligibility and the same candles in the domain and in Spark."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import attrs
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.exchange_calendar.markets import NYSE
from adapters.spark import record as spark_record
from adapters.spark.eligibility import ELIGIBILITY, flags_of, has_unknown_code, judge_records, judge_rows, text_of
from adapters.spark.extended_hours import is_extended
from domain.candle import fold
from domain.conditions import US_CONDITIONS, Condition, PriceRule
from domain.eligibility import eligibility_rules
from domain.identity import content_checksum, make_trade_id
from domain.market import classify
from domain.record import encode
from domain.rules import DAY_MS, Rules
from domain.trade import Trade
from domain.window import to_ms
from tests.support.records import Entry
from tests.support.twins import domain_candles, frame, spark_candles

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

RULES = Rules(max_age_ms=40 * 366 * DAY_MS)
CODES = (*US_CONDITIONS, *US_CONDITIONS, "24", "24", "24", "42", "x", "", "1,2", " 1")
SYMBOLS = ("AAPL", "CAT", "IBM", "BINANCE:BTCUSDT", "OANDA:EUR_USD", "0700.HK")
DAYS = (
    # Both changes of the clocks of several years and the days around them, holidays, early closes, ordinary days, and days without a calendar.
    date(2006, 4, 2), date(2006, 10, 29), date(2018, 3, 9), date(2018, 3, 11), date(2018, 3, 12), date(2018, 11, 2), date(2018, 11, 4),
    date(2018, 11, 5), date(2018, 1, 3), date(2018, 7, 3), date(2018, 7, 4), date(2018, 11, 22), date(2018, 11, 23), date(2018, 12, 5),
    date(2018, 12, 24), date(2018, 12, 25), date(2018, 12, 29), date(2019, 12, 31), date(2020, 1, 1), date(2000, 1, 3), date(2030, 12, 31),
    date(2001, 9, 11), date(1999, 12, 31), date(2031, 1, 2),
)  # fmt: skip
EDGES = ((4, 0), (9, 30), (13, 0), (16, 0), (17, 0), (20, 0), (21, 0), (0, 0))
judge = eligibility_rules(NYSE.session)


def make_trades(count: int, seed: int = 17) -> list[Trade]:
    source = random.Random(seed)
    return [make_trade(source) for _ in range(count)]


def make_trade(source: random.Random) -> Trade:
    day = source.choice(DAYS)
    hour, minute = source.choice(EDGES)
    # New York is four or five hours behind UTC: at one of the two, this is at an edge of a session.
    edge_ms = to_ms(
        datetime(day.year, day.month, day.day, tzinfo=UTC)
        + timedelta(hours=hour + source.choice((4, 5)), minutes=minute)
    )
    moment_ms = edge_ms + source.choice((-60_000, -1, 0, 1, 30_000, 59_999, source.randrange(DAY_MS)))
    symbol = source.choice(SYMBOLS)
    market = classify(symbol)
    codes = tuple(source.choices(CODES, k=source.choice((0, 1, 1, 1, 2, 3, 5))))
    price = Decimal(source.randrange(1, 10**6)).scaleb(-source.choice((2, 4, 8)))
    volume = Decimal(source.choice((0, 1, 7, 100, 10**6))).scaleb(-source.choice((0, 3)))
    return Trade(
        symbol=symbol,
        price=price,
        volume=volume,
        timestamp_ms=moment_ms,
        trade_id=make_trade_id(source.randrange(3), content_checksum(price, volume, codes)),
        conditions=codes,
        received_ms=moment_ms + 20,
        venue=market.venue,
        asset_class=market.asset_class,
    )


def entries_of(trades: list[Trade]) -> list[Entry]:
    return [Entry(value=encode(trade), appended_ms=trade.received_ms) for trade in trades]


TRADES = make_trades(10_000)


def test_the_trades_have_all_codes_and_all_verdicts() -> None:
    assert {code for trade in TRADES for code in trade.conditions} == set(CODES)
    assert len({judge(trade) for trade in TRADES}) == 5
    sessions = {NYSE.session(trade.timestamp_ms) for trade in TRADES if trade.conditions == ("24",)}
    assert len(sessions) == 4


@pytest.mark.parametrize("window_ms", [60_000, 1_800_000, DAY_MS])
def test_candles_are_equal_in_both_views(spark: SparkSession, window_ms: int) -> None:
    expected = domain_candles(fold(TRADES, window_ms, judge).values())
    found = spark_candles(spark, entries_of(TRADES), RULES, window_ms, NYSE.trading_days())
    assert found == expected
    assert any(row.eligible_open is None for row in found)
    assert any(row.eligible_volume < row.volume for row in found)


@pytest.mark.parametrize("table", ["US", "another"])
def test_each_trade_is_judged_alike_as_a_record_and_as_a_row(spark: SparkSession, table: str) -> None:
    tables = {"US": US_CONDITIONS if table == "US" else _another_table()}
    rules = eligibility_rules(NYSE.session, tables)
    expected = [flags_of(rules(trade)) for trade in TRADES]
    decoded = spark_record.decode(frame(spark, entries_of(TRADES)), RULES, metrics="decoded")
    judged = judge_records(decoded, NYSE.trading_days(), tables)
    trades = spark_record.trades(judged, beside=["offset", ELIGIBILITY]).cache()
    records = trades.orderBy("offset").collect()
    assert [row[ELIGIBILITY] for row in records] == expected
    rows = judge_rows(trades.drop(ELIGIBILITY), NYSE.trading_days(), tables)
    assert [row[ELIGIBILITY] for row in rows.orderBy("offset").collect()] == expected
    unknown = trades.select("offset", has_unknown_code(text_of("conditions"), tables).alias("unknown"))
    assert [row.unknown for row in unknown.orderBy("offset").collect()] == [rules(t).has_unknown_code for t in TRADES]
    trades.unpersist()


def _another_table() -> dict[str, Condition]:
    """Return a table in which open and close have other rules than high and low, and codes need care in a pattern."""
    yes, no, extended = PriceRule.YES, PriceRule.NO, PriceRule.EXTENDED
    rules = {
        "1": (yes, no, True), "24": (no, extended, False), "": (extended, yes, True), "x": (yes, yes, False), "1,2": (no, no, True), "9": (yes, yes, True),
        " 1": (PriceRule.UNKNOWN, yes, True),
    }  # fmt: skip
    return {
        code: Condition(
            code=code,
            name=code,
            sip_letter="-",
            sets_open_close=open_close,
            sets_high_low=high_low,
            counts_in_volume=counts,
            confidence="",
            source="",
        )
        for code, (open_close, high_low, counts) in rules.items()
    }


def test_every_boundary_of_thirty_years_is_where_the_calendar_has_it(spark: SparkSession) -> None:
    days = NYSE.trading_days()
    edges = {
        edge + step
        for hours in days
        for edge in (hours.pre_start_ms, hours.regular_start_ms, hours.regular_end_ms, hours.post_end_ms)
        for step in (-1, 0)
    }
    moments = sorted(edges | {-1, 0, -DAY_MS * 40_000, 4_102_444_800_000})
    data = spark.createDataFrame([(moment,) for moment in moments], "moment bigint")
    found = data.select("moment", is_extended(F.col("moment"), days).alias("extended")).collect()
    wrong = [row.moment for row in found if row.extended != NYSE.session(row.moment).is_extended]
    assert (len(found), wrong) == (len(moments), [])


def test_without_a_calendar_no_moment_is_extended(spark: SparkSession) -> None:
    trades = [attrs.evolve(trade, conditions=("24",)) for trade in TRADES[:200]]
    assert spark_candles(spark, entries_of(trades), RULES, 60_000) == domain_candles(fold(trades, 60_000).values())
