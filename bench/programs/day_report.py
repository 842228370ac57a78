"""A day of many symbols, and `tapeline report` over it: `day_report fill|spark|python HOST PORT TRADES SYMBOLS`.

- fill: create the tables, and store the trades of a trading day of the NYSE and their candles, both by Spark;
- spark, python: run `tapeline report` with this engine, and check that it counts every trade and finds every candle equal to the trades.

The time of a report is that of the whole program, with the start of Python and of Spark. Its CPU time is that
of Python alone, and says nothing about Spark.
"""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Final

import attrs
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.exchange_calendar.markets import NYSE
from adapters.spark.candles import TABLE as CANDLES
from adapters.spark.candles import candles
from adapters.spark.decimals import PRICE, VOLUME
from adapters.spark.eligibility import judge_rows
from adapters.spark.settings import AggregatorSettings
from adapters.spark.sinks import write_rows
from adapters.spark.trades import TABLE as TRADES
from adapters.spark.trades import trade_rows
from apps.settings.options import CassandraOptions
from apps.settings.spark_connections import spark_cassandra
from bench.harness.connections import connections
from bench.harness.runs import Stopwatch
from bench.harness.spark_jvm import spark
from domain.trading_session import TradingHours
from domain.window import MINUTE_MS

DAYS_BACK: Final = 2
"""The day is over in each time zone."""


def main(mode: str, host: str, port: str, count: str, symbols: str) -> None:
    """Run one mode."""
    cassandra = attrs.evolve(connections().cassandra, hosts=(host,), port=int(port))
    hours = _trading_day()
    watch = Stopwatch(_child_cpu_s)
    if mode == "fill":
        _fill(cassandra, hours, int(count), int(symbols))
    else:
        _report(mode, cassandra, hours.day, int(count), int(symbols))
    watch.stop(int(count)).report()


def _trading_day() -> TradingHours:
    """Return the last trading day of the NYSE that is over."""
    day = datetime.now(UTC).date() - timedelta(days=DAYS_BACK)
    while (hours := NYSE.hours(day)) is None:
        day -= timedelta(days=1)
    return hours


def _fill(cassandra: CassandraOptions, hours: TradingHours, count: int, symbols: int) -> None:
    apply_schema(attrs.evolve(cassandra.adapter(), request_timeout_s=60.0), Replication.dev())
    settings = AggregatorSettings(**spark_cassandra(cassandra), trading_days=NYSE.trading_days(), consistency="ONE")
    with spark(settings) as running:
        trades = _trades(running.session, hours, count, symbols)
        write_rows(trade_rows(trades), settings, TRADES)
        write_rows(candles(judge_rows(trades, settings.trading_days), MINUTE_MS), settings, CANDLES)


def _trades(session: SparkSession, hours: TradingHours, count: int, symbols: int) -> DataFrame:
    """Return trades of US stocks, spread evenly over the regular hours; a third of them may set no price."""
    number = F.col("id")
    length_ms = hours.regular_end_ms - hours.regular_start_ms
    moment_ms = F.lit(hours.regular_start_ms) + (number * F.lit(length_ms) / count).cast("bigint")
    return session.range(count, numPartitions=8).select(
        F.concat(F.lit("S"), F.lpad((number % symbols).cast("string"), 5, "0")).alias("symbol"),
        F.timestamp_millis(moment_ms).alias("timestamp"),
        F.lit("0000-00000000").alias("trade_id"),
        ((F.lit(10_000) + number % 997) / 100).cast(PRICE).alias("price"),
        (number % 300 + 1).cast(VOLUME).alias("volume"),
        F.when(number % 3 == 0, F.array(F.lit("1"), F.lit("12"))).otherwise(F.array(F.lit("1"))).alias("conditions"),
        F.timestamp_millis(moment_ms + 20).alias("received_at"),
        F.lit("US").alias("venue"),
        F.lit("stock").alias("asset_class"),
    )


def _report(engine: str, cassandra: CassandraOptions, day: date, count: int, symbols: int) -> None:
    command = ("-m", "apps.report", "--day", str(day), "--engine", engine, "--format", "json")
    # Nothing listens at port 9: without Kafka the report has no dead letters, and everything else.
    variables = {
        "TAPELINE_CASSANDRA_HOSTS": ",".join(cassandra.hosts),
        "TAPELINE_CASSANDRA_PORT": str(cassandra.port),
        "TAPELINE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "TAPELINE_KAFKA_CONNECT_TIMEOUT_S": "1",
    }
    done = subprocess.run(
        (sys.executable, *command), env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    if len(reports) != symbols:
        raise RuntimeError(f"{len(reports)} reports of {symbols}:\n{done.stderr[-4000:]}")
    assert sum(report["trades"] for report in reports) == count
    assert all(report["equal_to_trades"] for report in reports)


def _child_cpu_s() -> float:
    times = os.times()
    return times.children_user + times.children_system


if __name__ == "__main__":
    main(*sys.argv[1:])
