"""The three streaming queries, each with a checkpoint of its own.

1. `trades`, append: each record is decoded; valid trades, also late ones, go to `trades_v2`, and rejected records to the dead-letter topic.
2. `candles`, update: valid trades are folded into windows; each candle that a micro-batch has changed is upserted whole. Trades of windows that
   ended at or before the watermark are not folded (they are stored raw). Rejected records never move the watermark. With `deduplicate`, each
   trade counts once, even if it is on the topic several times. Candles that change after their window was closed leave revisions.
3. `events`, append: events of the feeds' connections go to `feed_events`, and rejected records to the same dead-letter topic. There are few of
   them, so this query has a longer trigger.

All write by `foreachBatch`: its callback runs on the driver, once for each micro-batch, and sees no rows, except for the keys of restated candles.
After a crash Spark repeats the last micro-batch with the same offsets.
"""

from collections.abc import Callable
from typing import Final

import structlog
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.streaming.query import StreamingQuery
from pyspark.sql.streaming.readwriter import DataStreamWriter

from domain.candle_revision import closed_until_ms
from ports.errors import PortError

from . import candles as candle_table
from . import revisions
from . import session_record as event_table
from . import trades as trade_table
from .candles import APPENDED_AT
from .deduplication import distinct_trades
from .eligibility import ELIGIBILITY, judge_records
from .failure import explain
from .layout import CANDLES, EVENTS, TRADES, WRITTEN, path_within
from .planned_batch import PlannedBatch, PlannedBatches
from .publishing import CandlePublisher
from .record import decode, trades
from .session_record import decode_events, event_rows
from .settings import AggregatorSettings
from .sinks import write_dead_letters, write_rows
from .sources import topic_records
from .stored import StoredSums, StoredTrades
from .stored_candles import window_keys
from .write_times import KeptBound, WriteTimes

log = structlog.get_logger(__name__)

DECODED: Final = "decoded"
"""The name of the counts in a query's progress: `records` and `rejected`."""


class QueryError(PortError):
    """A query cannot be started."""


def start_trades(
    spark: SparkSession,
    settings: AggregatorSettings,
    *,
    once: bool = False,
    on_stored: Callable[[StoredTrades], None] | None = None,
) -> StreamingQuery:
    """Start storing raw trades and dead letters; with `once`, only what is on the topic now. Raise QueryError if the checkpoint is damaged.

    `on_stored` is called for each micro-batch when all of it is stored, in a thread of the query; the query fails if it raises.
    """

    def store(batch: DataFrame, batch_id: int) -> None:
        seen, sums = Observation(DECODED), StoredSums()
        decoded = decode(batch, settings.rules, metrics=seen)
        valid = trades(decoded)
        summed = valid if on_stored is None else sums.observe(valid)
        write_rows(trade_table.trade_rows(summed), settings, trade_table.TABLE)
        counts = seen.get
        if on_stored is not None:
            on_stored(sums.read(rejected=counts["rejected"]))
        if counts["rejected"]:
            # The batch is read a second time, at the same offsets: keeping each one in memory for the few with rejected records costs more.
            again = decode(batch, settings.rules, metrics=f"{DECODED}-again")
            write_dead_letters(again, settings)
            log.info("dead_letters", query=TRADES, batch_id=batch_id, **counts)

    records = topic_records(spark, settings, topic=settings.topic, query=TRADES)
    return _start(_writer(records, settings, name=TRADES, once=once).foreachBatch(store), settings, TRADES)


def start_candles(spark: SparkSession, settings: AggregatorSettings, *, once: bool = False) -> StreamingQuery:
    """Start folding trades into candles and storing them; with `once`, only what is on the topic now. Raise QueryError if the checkpoint is damaged."""
    times = WriteTimes(KeptBound(spark, path_within(settings.checkpoint, WRITTEN)))
    plans = PlannedBatches(spark, path_within(settings.checkpoint, CANDLES))
    publisher = CandlePublisher(spark, settings, plans) if settings.publish_candles else None

    def store(changed: DataFrame, batch_id: int) -> None:
        plan = plans.read(batch_id)
        # It is read several times. Folding it again would cost much more than keeping the few candles of a batch.
        changed.persist()
        try:
            _write_restatements(changed, settings, plan)
            write_rows(changed, settings, candle_table.TABLE, written_us=times.next())
            if publisher is not None:
                publisher.publish(changed, batch_id, plan)
        finally:
            changed.unpersist()

    folded = candle_stream(topic_records(spark, settings, topic=settings.topic, query=CANDLES), settings)
    writer = _writer(folded, settings, name=CANDLES, once=once).outputMode("update").foreachBatch(store)
    return _start(writer, settings, CANDLES)


def _write_restatements(changed: DataFrame, settings: AggregatorSettings, plan: PlannedBatch) -> None:
    """Keep the versions of the changed candles whose windows were closed before this batch. Mostly there are none."""
    closed_ms = closed_until_ms(watermark_ms=plan.watermark_ms, allowed_lateness_ms=settings.allowed_lateness_ms)
    restated = revisions.closed_windows(changed, closed_ms)
    keys = window_keys(restated)
    if keys:
        rows = revisions.restatements(restated, keys, settings)
        write_rows(rows, settings, revisions.TABLE)
        log.info("candles_restated", candles=len(keys))


def start_events(
    spark: SparkSession,
    settings: AggregatorSettings,
    *,
    once: bool = False,
    on_rejected: Callable[[int], None] | None = None,
) -> StreamingQuery:
    """Start storing the events of connections; with `once`, only what is on the topic now. Raise QueryError if the checkpoint is damaged.

    `on_rejected` is called with the number of rejected records of a micro-batch, if there are any.
    """

    def store(batch: DataFrame, batch_id: int) -> None:
        seen = Observation(DECODED)
        rows = event_rows(decode_events(batch, settings.rules, metrics=seen))
        write_rows(rows, settings, event_table.TABLE, written_us=event_table.WRITTEN_AT)
        counts = seen.get
        if counts["rejected"]:
            write_dead_letters(decode_events(batch, settings.rules, metrics=f"{DECODED}-again"), settings)
            log.info("dead_letters", query=EVENTS, batch_id=batch_id, **counts)
            if on_rejected is not None:
                on_rejected(counts["rejected"])

    records = topic_records(spark, settings, topic=settings.events_topic, query=EVENTS)
    trigger_s = max(settings.trigger_s, settings.events_trigger_s)
    writer = _writer(records, settings, name=EVENTS, once=once, trigger_s=trigger_s).foreachBatch(store)
    return _start(writer, settings, EVENTS)


def candle_stream(records: DataFrame, settings: AggregatorSettings) -> DataFrame:
    """Return a stream of records folded into the rows of `trade_aggregates`, for update mode."""
    judged = judge_records(decode(records, settings.rules, metrics=DECODED), settings.trading_days)
    valid = trades(judged.withColumn(APPENDED_AT, F.col("timestamp")), beside=[ELIGIBILITY, APPENDED_AT])
    on_time = valid.withWatermark("timestamp", f"{settings.allowed_lateness_ms} milliseconds")
    windowed = candle_table.windowed(on_time, settings.window_ms)
    folded = distinct_trades(windowed) if settings.deduplicate else windowed
    return candle_table.fold(folded, settings.window_ms, {candle_table.KNOWN_AT: F.max(APPENDED_AT)})


def _start(writer: DataStreamWriter, settings: AggregatorSettings, name: str) -> StreamingQuery:
    try:
        return writer.start()
    except (Py4JJavaError, PySparkException) as error:
        words = explain(str(error), settings.checkpoint)
        raise QueryError(f"the query {name!r} cannot be started: {words}") from error


def _writer(
    frame: DataFrame, settings: AggregatorSettings, *, name: str, once: bool, trigger_s: float | None = None
) -> DataStreamWriter:
    writer = frame.writeStream.queryName(name).option("checkpointLocation", path_within(settings.checkpoint, name))
    if once:
        return writer.trigger(availableNow=True)
    trigger_s = settings.trigger_s if trigger_s is None else trigger_s
    return writer.trigger(processingTime=f"{round(trigger_s * 1000)} milliseconds")
