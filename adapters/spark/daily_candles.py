"""Candles of trading days from the stored trades, written to `daily_candles`. Twin of `domain.daily_candle`, without the coverage.

1. A day is stored when it is over, and while all of its trades are still stored.
2. The regular hours count. The coverage that a report stored beside a candle stays: it is in a column that is not written here.
3. Values are absolute, so a second run writes the same rows.
"""

from collections.abc import Callable, Sequence
from typing import Final

import structlog
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.system_clock import system_clock
from domain.day_summary import SymbolDay
from domain.official_prices import PriceSource
from domain.reconciliation import ABOUT_TO_EXPIRE_MS
from domain.rollup import DayHours
from ports.clock import Clock
from ports.errors import StoreError
from ports.trading_calendar import TradingCalendar

from . import trades as trade_table
from .candles import vwap
from .cql import connected
from .day_summaries import day_bounds, read_minutes
from .day_sums import day_candles
from .failure import root_cause
from .reconciling import Request
from .settings import AggregatorSettings
from .sinks import write_rows

TABLE: Final = "daily_candles"
log = structlog.get_logger(__name__)


def store_daily_candles(
    spark: SparkSession,
    settings: AggregatorSettings,
    request: Request,
    calendar_of: Callable[[str], TradingCalendar],
    *,
    now_ms: Clock = system_clock,
) -> int:
    """Store the candles of a day, and return their number. `calendar_of` returns the calendar of a symbol. Raise StoreError."""
    closed_ms = now_ms() - settings.allowed_lateness_ms - request.margin_ms
    with connected(spark, settings) as cql:
        symbols = sorted(request.symbols or cql.symbols(trade_table.TABLE, [request.day]))
        kept_ms = cql.default_ttl_s(trade_table.TABLE) * 1000
    days = [
        SymbolDay.of(
            symbol, request.day, calendar_of(symbol).hours(request.day), hours=DayHours.REGULAR, closed_ms=closed_ms
        )
        for symbol in symbols
    ]
    expired_ms = now_ms() - kept_ms + ABOUT_TO_EXPIRE_MS if kept_ms and request.written is None else 0
    over = [day for day in days if day.is_over and day.start_ms >= expired_ms]
    log.info("storing daily candles", day=str(request.day), symbols=len(over))
    if not over:
        return 0
    written = Observation()
    try:
        rows = _rows(day_candles(read_minutes(spark, settings, over), day_bounds(spark, over)), over)
        # A price that no longer exists must be deleted.
        write_rows(rows.observe(written, F.count(F.lit(1)).alias("rows")), settings, TABLE, nulls=True)
    except (Py4JJavaError, PySparkException) as error:
        raise StoreError(f"the candles of the day were not stored: {root_cause(str(error))}") from error
    return int(written.get["rows"])


def _rows(candles: DataFrame, days: Sequence[SymbolDay]) -> DataFrame:
    """Return the rows of the table without `covered_ms`."""
    candle = F.col("candle")
    start_ms, end_ms = F.col("hours_start_ms"), F.col("hours_end_ms")
    same = ("high", "low", "volume", "trade_count", "update_count", "notional")
    same_eligible = ("high", "low", "volume", "count", "vwap_volume", "notional")
    return candles.where(candle.isNotNull()).select(
        "symbol",
        F.lit(days[0].day).alias("day"),
        F.lit(str(DayHours.REGULAR)).alias("hours"),
        F.timestamp_millis(start_ms).alias("window_start"),
        (end_ms - start_ms).alias("window_ms"),
        (end_ms - start_ms).alias("expected_ms"),
        *(candle[name].alias(name) for name in same),
        vwap(candle["notional"], candle["volume"]).alias("vwap"),
        *_key_columns(candle["open"], "open"),
        *_key_columns(candle["close"], "close"),
        *(candle[f"eligible_{name}"].alias(f"eligible_{name}") for name in same_eligible),
        vwap(candle["eligible_notional"], candle["eligible_vwap_volume"]).alias("eligible_vwap"),
        *_key_columns(candle["eligible_open"], "eligible_open"),
        *_key_columns(candle["eligible_close"], "eligible_close"),
        *_official_columns("official_open", "opening_auction"),
        *_official_columns("official_close", "closing_auction"),
    )


def _key_columns(key: Column, name: str) -> Sequence[Column]:
    return (
        key["price"].alias(name),
        F.timestamp_millis(key["timestamp_ms"]).alias(f"{name}_timestamp"),
        key["trade_id"].alias(f"{name}_trade_id"),
    )


def _official_columns(official: str, auction: str) -> Sequence[Column]:
    source = F.when(F.col(official).isNotNull(), str(PriceSource.OFFICIAL)).when(
        F.col(auction).isNotNull(), str(PriceSource.AUCTION)
    )
    return *_key_columns(F.coalesce(official, auction), official), source.alias(f"{official}_source")
