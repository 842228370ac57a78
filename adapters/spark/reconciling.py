"""Reconcile one day: recompute its candles from the stored trades, report how the stored candles differ, and correct them.

The candles are recomputed by `candles.candles`, as the stream does, and compared by `differences`. Safe beside the running stream:

- windows that the stream may still change are skipped (`domain.reconciliation`);
- a correction is a restatement: the revisions are written first, then the candle (`revisions`);
- the write time of a correction is the time at which reading began. A candle that the stream writes after that is later, and it stays,
  whichever of the two requests arrives first. Only where the stored candle has a later write time, because a clock was ahead, the
  correction is written just after that one: otherwise Cassandra would silently keep the stored candle.

Only the differences leave Spark; no other row passes through Python.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from typing import Any, Final

import attrs
import structlog
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.system_clock import system_clock
from domain.candle_revision import RevisionReason
from domain.reconciliation import DayPlan, Retention, plan_day
from domain.rules import DAY_MS
from domain.window import day_start_ms
from ports.clock import Clock
from ports.errors import StoreError

from . import candles as candle_table
from . import revisions
from . import trades as trade_table
from .candle_updates import update_records
from .cql import Cql, connected
from .differences import CHANGED, KINDS, MISSING, VALUES, corrections, differences
from .eligibility import judge_rows
from .failure import root_cause
from .partitions import WRITTEN_US, read_partitions
from .settings import AggregatorSettings
from .sinks import send, write_rows
from .write_times import correction_time_us

log = structlog.get_logger(__name__)
_TRADE_COLUMNS: Final = ("symbol", "timestamp", "trade_id", "price", "volume", "conditions", "venue", "asset_class")


@attrs.frozen(kw_only=True)
class Request:
    """What to reconcile."""

    day: date
    symbols: tuple[str, ...] = ()
    """Empty for all that have trades or candles on that day."""
    margin_ms: int
    """How much longer than the allowed lateness a window is skipped after its end."""
    written: date | None = None
    """The day on which the trades were written, if it was another day."""
    dry_run: bool = False


@attrs.frozen(kw_only=True)
class Difference:
    """One window whose stored candle is not that of the stored trades."""

    kind: str
    symbol: str
    window_start_ms: int
    values: Mapping[str, tuple[Any, Any]]
    """By column: the stored and the computed value, where they differ; None where there is none. Times in ms since the epoch, UTC."""


@attrs.frozen(kw_only=True)
class Summary:
    """The result of a reconciliation."""

    symbols: int
    candles: int
    """Candles of the stored trades."""
    missing: int
    changed: int
    extra: int
    written: int

    @property
    def differences(self) -> int:
        """The number of candles that differ."""
        return self.missing + self.changed + self.extra


def reconcile(
    spark: SparkSession,
    settings: AggregatorSettings,
    request: Request,
    report: Callable[[Difference], None],
    *,
    now_ms: Clock = system_clock,
) -> Summary:
    """Reconcile a day. Pass each difference to `report`, by symbol and window, before the first correction.

    Raise DayError if the day cannot be reconciled, and StoreError; after a StoreError some of the corrections may be written.
    """
    try:
        return _reconcile(spark, settings, request, report, now_ms())
    except (Py4JJavaError, PySparkException) as error:
        raise StoreError(f"the day was not reconciled: {root_cause(str(error))}") from error


def _reconcile(
    spark: SparkSession,
    settings: AggregatorSettings,
    request: Request,
    report: Callable[[Difference], None],
    begun_ms: int,
) -> Summary:
    # `begun_ms` is before anything is read: what the stream writes from then on is the later write.
    with ExitStack() as stack:
        cql = stack.enter_context(connected(spark, settings))
        retention = Retention(
            trades_s=cql.default_ttl_s(trade_table.TABLE), candles_s=cql.default_ttl_s(candle_table.TABLE)
        )
        plan = plan_day(
            request.day,
            written=request.written,
            now_ms=begun_ms,
            window_ms=settings.window_ms,
            behind_ms=settings.allowed_lateness_ms + request.margin_ms,
            retention=retention,
        )
        symbols = request.symbols or _symbols(cql, plan)
        log.info("reconciling", day=str(plan.day), symbols=len(symbols), dry_run=request.dry_run)
        if not symbols:
            return Summary(symbols=0, candles=0, missing=0, changed=0, extra=0, written=0)
        computed = _computed(spark, settings, symbols, plan).persist()
        stack.callback(computed.unpersist)
        stored = read_partitions(
            spark, settings, candle_table.TABLE, symbols, [plan.day], write_times_of=tuple(VALUES)
        ).where(F.col("window_ms") == plan.window_ms)
        found = differences(
            stored,
            computed,
            window_ms=plan.window_ms,
            closed_ms=plan.closed_ms,
            passed_ms=plan.passed_ms(_newest_ms(cql, computed, symbols, plan)),
        ).persist()
        stack.callback(found.unpersist)
        counts = {row.kind: int(row["count"]) for row in found.groupBy("kind").count().collect()}
        for difference in _reported(found):
            report(difference)
        written = 0 if request.dry_run else _write(found, counts, settings, plan, begun_ms)
        return Summary(
            symbols=len(symbols),
            candles=computed.count(),
            written=written,
            **{kind: counts.get(kind, 0) for kind in KINDS},
        )


def _symbols(cql: Cql, plan: DayPlan) -> tuple[str, ...]:
    found = cql.symbols(trade_table.TABLE, plan.trade_days) | cql.symbols(candle_table.TABLE, [plan.day])
    return tuple(sorted(found))


def _computed(spark: SparkSession, settings: AggregatorSettings, symbols: Sequence[str], plan: DayPlan) -> DataFrame:
    """Fold the stored trades of the day's windows, without windows that begin on another day."""
    trades = read_partitions(spark, settings, trade_table.TABLE, symbols, plan.trade_days).select(*_TRADE_COLUMNS)
    folded = candle_table.candles(judge_rows(trades, settings.trading_days), plan.window_ms)
    return folded.where(
        (F.col("trade_year") == plan.day.year)
        & (F.col("trade_month") == plan.day.month)
        & (F.col("trade_day") == plan.day.day)
    )


def _newest_ms(cql: Cql, computed: DataFrame, symbols: Sequence[str], plan: DayPlan) -> int:
    """Return the event time of the newest stored trade of the day or of the next day; the epoch if there is none."""
    end_ms = day_start_ms(plan.day) + DAY_MS
    # Asked before the day's trades are read, as what is stored meanwhile is not among these. Any trade so late is past the day's last window.
    after = cql.newest_trade_ms(
        symbols, date.fromordinal(plan.day.toordinal() + 1), enough_ms=end_ms + plan.window_ms + plan.behind_ms
    )
    row = computed.agg(F.unix_millis(F.max("close_timestamp"))).first()
    of_day = None if row is None else row[0]
    return max(of_day or 0, after or 0)


def _write(
    found: DataFrame, counts: Mapping[str, int], settings: AggregatorSettings, plan: DayPlan, begun_ms: int
) -> int:
    if not (counts.get(MISSING) or counts.get(CHANGED)):
        return 0
    written = 0
    timed = revisions.with_correction_time(found, settings, plan.day, begun_ms).persist()
    try:
        write_rows(revisions.correction_revisions(timed, plan.window_ms), settings, revisions.TABLE)
        dated = timed.withColumns(
            {
                WRITTEN_US: correction_time_us(F.col(WRITTEN_US), begun_ms * 1000),
                candle_table.KNOWN_AT: F.col(revisions.CORRECTED_AT),
            }
        )
        # A price that no longer exists must be deleted. Where there is no candle, a null would be a needless tombstone.
        for kind, nulls in ((MISSING, False), (CHANGED, True)):
            if counts.get(kind):
                rows = corrections(dated, kind, plan.window_ms)
                if settings.publish_candles:
                    # Before the write: a run after a crash finds the difference again, and publishes it again.
                    reason = F.lit(str(RevisionReason.RECONCILE))
                    send(update_records(rows, reason=reason, is_final=True), settings, settings.candles_topic)
                ttl_s = plan.candles_ttl_s
                write_rows(rows, settings, candle_table.TABLE, written_us=WRITTEN_US, ttl_s=ttl_s, nulls=nulls)
                written += counts[kind]
    finally:
        timed.unpersist()
    return written


def _reported(found: DataFrame) -> Iterator[Difference]:
    sides = [F.struct(*(_value(side, name) for name in VALUES)).alias(side) for side in ("stored", "computed")]
    rows = found.orderBy("symbol", "window_start").select(
        "kind", "symbol", F.unix_millis("window_start").alias("start_ms"), *sides
    )
    for row in rows.toLocalIterator():
        stored, computed = row.stored.asDict(), row.computed.asDict()
        names = [name for name in VALUES if stored[name] != computed[name]]
        yield Difference(
            kind=row.kind,
            symbol=row.symbol,
            window_start_ms=row.start_ms,
            values={name: (stored[name], computed[name]) for name in names},
        )


def _value(side: str, name: str) -> Column:
    value = F.col(f"{side}.{name}")
    return (F.unix_millis(value) if VALUES[name] == "timestamp" else value).alias(name)
