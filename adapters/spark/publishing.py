"""Publish the candles of each micro-batch, and each candle once more when no trade can change it any more.

1. A window is final in the first batch whose watermark is at or after its end. Spark does not return such a window, as the batch does not change it. So
   the keys of the windows that are not final are kept here, and the candles of those that become final are read from the store.
2. After a start the keys are read from the store, down to the watermark of the batch before. A repeated batch publishes the same values again.
3. A batch is published after its candles are stored, and before it is committed.
"""

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from domain.candle_revision import closed_until_ms

from . import candles as candle_table
from .candle_updates import closed_reason, update_records
from .cql import connected
from .planned_batch import PlannedBatch, PlannedBatches
from .settings import AggregatorSettings
from .sinks import send
from .stored_candles import days_between, stored_candles, window_keys

Windows = dict[int, set[str]]
"""The symbols that have a candle, by the start of the window in milliseconds since the epoch."""


class CandlePublisher:
    """Publishes the candles of one query, batch by batch."""

    def __init__(self, spark: SparkSession, settings: AggregatorSettings, plans: PlannedBatches) -> None:
        self._spark = spark
        self._settings = settings
        self._plans = plans
        self._open: Windows | None = None

    def publish(self, changed: DataFrame, batch_id: int, plan: PlannedBatch) -> None:
        """Publish the stored candles that a batch has changed, and those that are final from this batch on."""
        settings = self._settings
        if self._open is None:
            self._open = self._stored_windows(batch_id, plan)
        closed_ms = closed_until_ms(watermark_ms=plan.watermark_ms, allowed_lateness_ms=settings.allowed_lateness_ms)
        records = update_records(changed, reason=closed_reason(closed_ms), is_final=False)
        final = {start_ms for start_ms in self._open if start_ms + settings.window_ms <= plan.watermark_ms}
        if final:
            symbols = set[str]().union(*(self._open.pop(start_ms) for start_ms in final))
            stored = stored_candles(self._spark, settings, symbols, min(final), max(final))
            records = records.unionByName(update_records(stored, reason=F.lit(None), is_final=True))
        send(records, settings, settings.candles_topic)
        _add(self._open, changed)

    def _stored_windows(self, batch_id: int, plan: PlannedBatch) -> Windows:
        """Read the keys of the windows that were not final in the batch before this one."""
        found: Windows = {}
        settings = self._settings
        if not plan.watermark_ms:
            return found
        before_ms = self._plans.read(batch_id - 1).watermark_ms
        # The first batch has no watermark, and its trades may be as old as the rules allow.
        first_ms = (before_ms or plan.watermark_ms - settings.rules.max_age_ms) - settings.window_ms + 1
        last_ms = plan.watermark_ms + settings.allowed_lateness_ms
        with connected(self._spark, settings) as cql:
            symbols = cql.symbols(candle_table.TABLE, days_between(first_ms, last_ms))
        if symbols:
            _add(found, stored_candles(self._spark, settings, symbols, first_ms, last_ms))
        return found


def _add(windows: Windows, candles: DataFrame) -> None:
    for symbol, start_ms in window_keys(candles):
        windows.setdefault(start_ms, set()).add(symbol)
