"""The same records through the domain and through Spark, in one form that can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.spark import record as spark_record
from adapters.spark.candles import candles
from adapters.spark.eligibility import ELIGIBILITY, judge_records
from domain.candle import Candle
from domain.record import decode
from domain.rejection import Rejection
from domain.rules import Rules
from domain.trade import Trade
from domain.trading_session import TradingHours

from .records import Entry


class CandleRow(NamedTuple):
    """A row of `trade_aggregates`, times in milliseconds."""

    symbol: str
    window_ms: int
    window_start_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    trade_count: int
    update_count: int
    notional: Decimal
    vwap: Decimal | None
    open_ms: int
    open_trade_id: str
    close_ms: int
    close_trade_id: str
    eligible_open: Decimal | None
    eligible_high: Decimal | None
    eligible_low: Decimal | None
    eligible_close: Decimal | None
    eligible_volume: Decimal
    eligible_count: int
    eligible_vwap_volume: Decimal
    eligible_notional: Decimal
    eligible_vwap: Decimal | None
    eligible_open_ms: int | None
    eligible_open_trade_id: str | None
    eligible_close_ms: int | None
    eligible_close_trade_id: str | None

    @classmethod
    def of(cls, candle: Candle) -> CandleRow:
        view = candle.eligible
        first, last = view.open_key, view.close_key
        return cls(
            candle.symbol,
            candle.window_ms,
            candle.window_start_ms,
            candle.open,
            candle.high,
            candle.low,
            candle.close,
            candle.volume,
            candle.trade_count,
            candle.update_count,
            candle.notional,
            candle.vwap,
            candle.open_key.timestamp_ms,
            candle.open_key.trade_id,
            candle.close_key.timestamp_ms,
            candle.close_key.trade_id,
            view.open,
            view.high,
            view.low,
            view.close,
            view.volume,
            view.trade_count,
            view.vwap_volume,
            view.notional,
            view.vwap,
            first and first.timestamp_ms,
            first and first.trade_id,
            last and last.timestamp_ms,
            last and last.trade_id,
        )


def domain_verdicts(entries: Sequence[Entry], rules: Rules) -> list[Trade | str]:
    """Return for each record the trade, or the reason's name."""
    verdicts = [decode(entry.value, appended_ms=entry.appended_ms, rules=rules) for entry in entries]
    return [v.reason.value if isinstance(v, Rejection) else v for v in verdicts]


def frame(spark: SparkSession, entries: Sequence[Entry]) -> DataFrame:
    """Return the records as a broker's source does, and their place as `offset`."""
    rows = [(n, entry.value, entry.appended_ms) for n, entry in enumerate(entries)]
    data = spark.createDataFrame(rows, "offset bigint, value binary, appended_ms bigint")
    return data.select("offset", "value", F.timestamp_millis("appended_ms").alias("timestamp"))


def spark_verdicts(spark: SparkSession, entries: Sequence[Entry], rules: Rules) -> list[Trade | str]:
    """Return what the column expressions say of each record, in the same form."""
    decoded = spark_record.decode(frame(spark, entries), rules, metrics="decoded")
    rejected = decoded.where(F.col("reason").isNotNull()).select("offset", "reason")
    valid = spark_record.trades(decoded, beside=["offset"]).withColumns(
        {"timestamp": F.unix_millis("timestamp"), "received_at": F.unix_millis("received_at")}
    )
    verdicts: dict[int, Trade | str] = {row.offset: row.reason for row in rejected.collect()}
    verdicts |= {row.offset: trade_of(row) for row in valid.collect()}
    return [verdicts[place] for place in range(len(entries))]


def trade_of(row: Row) -> Trade:
    """Read a row of `record.trades`, its timestamps turned into milliseconds."""
    return Trade(
        symbol=row.symbol,
        price=row.price,
        volume=row.volume,
        timestamp_ms=row.timestamp,
        trade_id=row.trade_id,
        conditions=tuple(row.conditions),
        received_ms=row.received_at,
        venue=row.venue,
        asset_class=row.asset_class,
    )


def candle_rows(folded: DataFrame) -> list[CandleRow]:
    """Collect rows of `trade_aggregates`."""
    read = folded.select(
        "symbol", "window_ms", F.unix_millis("window_start").alias("start_ms"), "open", "high", "low", "close", "volume",
        "trade_count", "update_count", "notional", "vwap", F.unix_millis("open_timestamp"), "open_trade_id",
        F.unix_millis("close_timestamp"), "close_trade_id",
        "eligible_open", "eligible_high", "eligible_low", "eligible_close", "eligible_volume", "eligible_count", "eligible_vwap_volume",
        "eligible_notional", "eligible_vwap", F.unix_millis("eligible_open_timestamp"), "eligible_open_trade_id",
        F.unix_millis("eligible_close_timestamp"), "eligible_close_trade_id",
    )  # fmt: skip
    return sorted(CandleRow(*row) for row in read.collect())


def spark_candles(
    spark: SparkSession,
    entries: Sequence[Entry],
    rules: Rules,
    window_ms: int,
    trading_days: Sequence[TradingHours] = (),
) -> list[CandleRow]:
    """Decode records and fold the valid ones, all by column expressions."""
    decoded = spark_record.decode(frame(spark, entries), rules, metrics="decoded")
    judged = judge_records(decoded, trading_days)
    return candle_rows(candles(spark_record.trades(judged, beside=[ELIGIBILITY]), window_ms))


def domain_candles(folded: Iterable[Candle]) -> list[CandleRow]:
    """Return candles of the domain in the same form and order."""
    return sorted(CandleRow.of(candle) for candle in folded)
