"""The second half of the pipeline without Spark: broker -> windowing -> stores, in this process. Session events go to their own store.

Each step reads a batch of records, stores the raw trades and the candles that changed, and commits. After a crash the broker redelivers what was not
committed: the trade store keeps each trade once by its id, and `StoredWindows` folds each trade once. So a candle is the fold of the stored trades of its
window, whatever happened in between, as long as one process at a time reads a symbol.
"""

from collections import Counter

import attrs

from domain.candle import Candle
from domain.candle_revision import CandleVersion, RevisionReason
from domain.candle_update import CandleUpdate
from domain.record import TopicRecord, decode
from domain.rejection import DeadLetter, Rejection
from domain.rules import Rules
from domain.session import SessionEvent
from domain.session_record import decode_event
from domain.trade import Trade
from domain.windower import Windower
from ports.candle_store import CandleStore
from ports.event_store import EventStore
from ports.publisher import Publisher
from ports.subscriber import Subscriber
from ports.trade_store import TradeStore

from .stored_windows import StoredWindows


@attrs.define(kw_only=True)
class AggregateCounts:
    """Totals since the start."""

    records: int = 0
    """Records read, those of session events and rejected ones included."""
    trades: int = 0
    final_candles: int = 0
    rejected: Counter[str] = attrs.field(factory=Counter)


class InProcessAggregator:
    """Folds a subscriber's records into candles and stores both."""

    def __init__(
        self,
        *,
        subscriber: Subscriber,
        publisher: Publisher,
        windower: Windower,
        trade_store: TradeStore,
        candle_store: CandleStore,
        event_store: EventStore,
        rules: Rules,
        events_topic: str = "feed.events",
        batch_records: int = 10_000,
        publish_candles: bool = False,
    ) -> None:
        """Create an aggregator. With `publish_candles`, each changed candle is published, and once more when it is final.

        A batch has at most `batch_records` records. The watermark moves after each batch, so a batch that holds a part of what the broker has can leave
        one partition behind another one's trades, and its trades late.
        """
        self._subscriber = subscriber
        self._publisher = publisher
        self._windower = windower
        self._stored_windows = StoredWindows(trade_store, window_ms=windower.window_ms)
        self._trade_store = trade_store
        self._candle_store = candle_store
        self._event_store = event_store
        self._rules = rules
        self._events_topic = events_topic
        self._batch_records = batch_records
        self._publish_candles = publish_candles
        self._known_at: dict[tuple[str, int, int], int] = {}
        """The moment from which each open candle is known, for those that are published."""
        self.counts = AggregateCounts()

    @property
    def late_trades(self) -> int:
        """Trades that came after their window was final. They are stored raw, and are in no candle."""
        return self._windower.late_trades

    def step(self, timeout_s: float) -> tuple[list[Candle], list[Candle]]:
        """Process one batch of records. Return the candles that changed and those that became final. Raise BrokerError and StoreError."""
        records = self._subscriber.read(timeout_s, self._batch_records)
        if not records:
            return [], []
        self.counts.records += len(records)
        outcomes = [outcome for record in records if (outcome := self._decode(record)) is not None]
        self._event_store.write(outcome for outcome in outcomes if isinstance(outcome, SessionEvent))
        trades = [outcome for outcome in outcomes if isinstance(outcome, Trade)]
        unfolded = self._stored_windows.complete(trades, watermark_ms=self._windower.watermark_ms)
        self._trade_store.write(trades)
        for trade in unfolded:
            self._windower.add(trade)
        changed = self._windower.take_changed()
        self._write(changed, known_at_ms=max(record.appended_ms for record in records))
        final = self._windower.advance()
        self._publish_final(final)
        self._stored_windows.forget(self._windower.watermark_ms)
        self._subscriber.commit()
        self.counts.trades += len(trades)
        self.counts.final_candles += len(final)
        return changed, final

    def finish(self) -> list[Candle]:
        """Return the candles that are still open as final: no more trades will come. They are stored already."""
        final = self._windower.finish()
        self._publish_final(final)
        self.counts.final_candles += len(final)
        return final

    def _write(self, changed: list[Candle], *, known_at_ms: int) -> None:
        """Store candles, those of closed windows as restatements, and publish them."""
        restated = [candle for candle in changed if self._windower.is_closed(candle)]
        others = [candle for candle in changed if not self._windower.is_closed(candle)] if restated else changed
        for candles, reason in ((others, None), (restated, RevisionReason.LATE_TRADES)):
            if candles:
                self._candle_store.write(candles, known_at_ms=known_at_ms, reason=reason)
                self._publish(candles, known_at_ms, reason)

    def _publish(self, candles: list[Candle], known_at_ms: int, reason: RevisionReason | None) -> None:
        if self._publish_candles:
            for candle in candles:
                version = CandleVersion(candle=candle, known_at_ms=known_at_ms, reason=reason)
                self._publisher.publish(CandleUpdate(version=version, is_final=False))
                self._known_at[candle.window_key] = known_at_ms

    def _publish_final(self, final: list[Candle]) -> None:
        if self._publish_candles:
            for candle in final:
                version = CandleVersion(candle=candle, known_at_ms=self._known_at.pop(candle.window_key))
                self._publisher.publish(CandleUpdate(version=version, is_final=True))

    def _decode(self, record: TopicRecord) -> Trade | SessionEvent | None:
        decode_record = decode_event if record.topic == self._events_topic else decode
        outcome = decode_record(record.value, appended_ms=record.appended_ms, rules=self._rules)
        if isinstance(outcome, Rejection):
            letter = DeadLetter(
                payload=record.value, rejection=outcome, source=record.source, rejected_ms=record.appended_ms
            )
            self._publisher.publish(letter)
            self.counts.rejected[str(outcome.reason)] += 1
            return None
        return outcome
