"""The same records through the domain and through Spark, in one form that can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.spark import record as spark_record
from adapters.spark.candles import candles
from domain.candle import Candle
from domain.record import decode
from domain.rejection import Rejection
from domain.rules import Rules
from domain.trade import Trade

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

    @classmethod
    def of(cls, candle: Candle) -> CandleRow:
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
        )


def domain_verdicts(entries: Sequence[Entry], rules: Rules) -> list[Trade | str]:
    """Give for each record the trade, or the reason's name."""
    verdicts = [decode(entry.value, appended_ms=entry.appended_ms, rules=rules) for entry in entries]
    return [v.reason.value if isinstance(v, Rejection) else v for v in verdicts]


def frame(spark: SparkSession, entries: Sequence[Entry]) -> DataFrame:
    """Give the records as a broker's source does, and their place as `offset`."""
    rows = [(n, entry.value, entry.appended_ms) for n, entry in enumerate(entries)]
    data = spark.createDataFrame(rows, "offset bigint, value binary, appended_ms bigint")
    return data.select("offset", "value", F.timestamp_millis("appended_ms").alias("timestamp"))


def spark_verdicts(spark: SparkSession, entries: Sequence[Entry], rules: Rules) -> list[Trade | str]:
    """Give what the column expressions say of each record, in the same form."""
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
    )  # fmt: skip
    return sorted(CandleRow(*row) for row in read.collect())


def spark_candles(spark: SparkSession, entries: Sequence[Entry], rules: Rules, window_ms: int) -> list[CandleRow]:
    """Decode records and fold the valid ones, all by column expressions."""
    decoded = spark_record.decode(frame(spark, entries), rules, metrics="decoded")
    return candle_rows(candles(spark_record.trades(decoded), window_ms))


def domain_candles(folded: Iterable[Candle]) -> list[CandleRow]:
    """Give candles of the domain in the same form and order."""
    return sorted(CandleRow.of(candle) for candle in folded)
