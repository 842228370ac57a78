"""Days of many symbols, summed up by Spark. `day_sums` has the expressions; here are the reading of the tables and the values of the domain.

Partitions are read by key, and of each only the rows within the day. One row a symbol passes through Python.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import reduce
from typing import Self

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from domain.candle import Candle
from domain.day_summary import DaySummary, StoredCandles, SymbolDay
from domain.eligible_view import EligibleView
from domain.gaps import gaps
from domain.official_prices import OfficialPrices
from domain.trade import TradeKey
from domain.window import MINUTE_MS, partition_day
from ports.errors import StoreError

from . import candles as candle_table
from . import trades as trade_table
from .day_sums import BOUNDS, OFFICIAL, day_sums, fold_minutes
from .eligibility import judge_rows
from .failure import root_cause
from .partitions import read_partitions
from .preflight import check_tables
from .settings import AggregatorSettings

OpenSession = Callable[[AggregatorSettings, str], SparkSession]
"""Starts Spark with the connectors, as the application of this name."""


class SparkDaySummaries:
    """A `ports.day_summaries.DaySummaries`. Spark runs from `start` to `close`."""

    def __init__(self, settings: AggregatorSettings, open_session: OpenSession) -> None:
        self._settings = settings
        self._open_session = open_session
        self._spark: SparkSession | None = None

    def start(self) -> None:
        """Start Spark; do nothing if started. Raise StoreError if Cassandra does not answer or a table is missing."""
        if self._spark is None:
            self._spark = self._open_session(self._settings, "tapeline-report")
            check_tables(self._spark, self._settings)

    def read(self, days: Sequence[SymbolDay]) -> Iterator[DaySummary]:
        """Return the summary of each day, in the order of the days; each symbol comes once. Raise StoreError."""
        if self._spark is None:
            raise StoreError("Spark is not running: read between start() and close()")
        if not days:
            return iter(())
        try:
            rows = read_sums(self._spark, self._settings, days).collect()
        except (Py4JJavaError, PySparkException) as error:
            raise StoreError(f"the day was not summed up: {root_cause(str(error))}") from error
        found = {row.symbol: row for row in rows}
        return (summary_of(day, found.get(day.symbol)) for day in days)

    def close(self) -> None:
        """Stop Spark; do nothing if stopped."""
        if self._spark is not None:
            self._spark.stop()
            self._spark = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_sums(spark: SparkSession, settings: AggregatorSettings, days: Sequence[SymbolDay]) -> DataFrame:
    """Return the sums of the days, read from the tables."""
    stored = _read(spark, settings, candle_table.TABLE, "window_start", days).where(F.col("window_ms") == MINUTE_MS)
    return day_sums(read_minutes(spark, settings, days), stored, day_bounds(spark, days))


def read_minutes(spark: SparkSession, settings: AggregatorSettings, days: Sequence[SymbolDay]) -> DataFrame:
    """Return the 1-minute candles of the stored trades of the days, as `fold_minutes` returns them."""
    trades = _read(spark, settings, trade_table.TABLE, "timestamp", days)
    return fold_minutes(judge_rows(trades, settings.trading_days))


def day_bounds(spark: SparkSession, days: Sequence[SymbolDay]) -> DataFrame:
    """Return the table of days that `day_sums` takes. It is made from text, so no executor needs Python."""
    rows = [
        {
            "symbol": day.symbol,
            "hours_start_ms": day.hours.start_ms,
            "hours_end_ms": day.hours.end_ms,
            "gaps": None
            if day.covered is None
            else [gap._asdict() for gap in gaps(day.covered, day.start_ms, day.end_ms)],
        }
        for day in days
    ]
    return spark.range(1).select(F.inline(F.from_json(F.lit(json.dumps(rows)), BOUNDS)))


def summary_of(day: SymbolDay, row: Row | None) -> DaySummary:
    """Return the summary of a day from its row of `day_sums`, None where nothing is stored."""
    if row is None:
        return DaySummary.empty(day)
    is_known = day.covered is not None
    return DaySummary(
        symbol=day.symbol,
        trades=row.trades,
        updates=row.updates,
        unknown_conditions=row.unknown_conditions,
        stored=StoredCandles(
            candles=row.candles,
            raw_differ=row.raw_differ,
            eligible_differ=row.eligible_differ,
            late=row.late,
            complete=row.candles - row.partial if is_known else None,
            partial=row.partial if is_known else None,
        ),
        official=OfficialPrices(**{name: _key(row[name]) for name in OFFICIAL}),
        candle=row.candle and _candle(day, row.candle),
    )


def _candle(day: SymbolDay, values: Row) -> Candle:
    return Candle(
        symbol=day.symbol,
        window_start_ms=day.hours.start_ms,
        window_ms=day.hours.end_ms - day.hours.start_ms,
        open_key=TradeKey(*values.open),
        close_key=TradeKey(*values.close),
        high=values.high,
        low=values.low,
        volume=values.volume,
        trade_count=values.trade_count,
        update_count=values.update_count,
        notional=values.notional,
        eligible=EligibleView(
            open_key=_key(values.eligible_open),
            close_key=_key(values.eligible_close),
            high=values.eligible_high,
            low=values.eligible_low,
            volume=values.eligible_volume,
            trade_count=values.eligible_count,
            vwap_volume=values.eligible_vwap_volume,
            notional=values.eligible_notional,
        ),
    )


def _key(row: Row | None) -> TradeKey | None:
    return None if row is None else TradeKey(*row)


def _read(
    spark: SparkSession, settings: AggregatorSettings, table: str, moment: str, days: Sequence[SymbolDay]
) -> DataFrame:
    """Read the rows of the days. Symbols of one market have the same bounds, and share a query."""
    spans: dict[tuple[int, int], list[str]] = defaultdict(list)
    for day in days:
        spans[day.start_ms, day.end_ms].append(day.symbol)
    parts = [
        read_partitions(spark, settings, table, symbols, _utc_days(start_ms, end_ms)).where(
            (F.col(moment) >= F.timestamp_millis(F.lit(start_ms))) & (F.col(moment) < F.timestamp_millis(F.lit(end_ms)))
        )
        for (start_ms, end_ms), symbols in spans.items()
    ]
    return reduce(DataFrame.union, parts)


def _utc_days(start_ms: int, end_ms: int) -> list[date]:
    if start_ms >= end_ms:
        return []
    first, last = partition_day(start_ms), partition_day(end_ms - 1)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
