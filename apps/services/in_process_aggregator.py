"""The second half of the pipeline without Spark: broker -> windowing -> stores, in this process; the events of the feed go to their store.

Each step reads what the broker has, stores the raw trades and the candles that changed, and commits: what was stored is never read again, and what
was not is read again after a restart. Writing it twice does no harm, since trades are kept by their id.
"""

from collections import Counter

import attrs

from domain.candle import Candle
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


@attrs.define(kw_only=True)
class AggregateCounts:
    """What was folded and stored since the start."""

    trades: int = 0
    final_candles: int = 0
    rejected: Counter[str] = attrs.field(factory=Counter)


class InProcessAggregator:
    """Folds a subscriber's records into candles and keeps both."""

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
    ) -> None:
        self._subscriber = subscriber
        self._publisher = publisher
        self._windower = windower
        self._trade_store = trade_store
        self._candle_store = candle_store
        self._event_store = event_store
        self._rules = rules
        self._events_topic = events_topic
        self.counts = AggregateCounts()

    @property
    def late_trades(self) -> int:
        """Trades that came after their window was final: stored raw, not in a candle."""
        return self._windower.late_trades

    def step(self, timeout_s: float) -> tuple[list[Candle], list[Candle]]:
        """Take one batch of records; gives the candles that changed and those that became final."""
        records = self._subscriber.read(timeout_s)
        if not records:
            return [], []
        judged = [outcome for record in records if (outcome := self._judge(record)) is not None]
        self._event_store.write(outcome for outcome in judged if isinstance(outcome, SessionEvent))
        trades = [outcome for outcome in judged if isinstance(outcome, Trade)]
        self._trade_store.write(trades)
        for trade in trades:
            self._windower.add(trade)
        changed = self._windower.take_changed()
        self._candle_store.write(changed)
        final = self._windower.advance()
        self._subscriber.commit()
        self.counts.trades += len(trades)
        self.counts.final_candles += len(final)
        return changed, final

    def finish(self) -> list[Candle]:
        """Give the candles still open, which are stored already, as final: no more trades will come."""
        final = self._windower.finish()
        self.counts.final_candles += len(final)
        return final

    def _judge(self, record: TopicRecord) -> Trade | SessionEvent | None:
        read = decode_event if record.topic == self._events_topic else decode
        outcome = read(record.value, appended_ms=record.appended_ms, rules=self._rules)
        if isinstance(outcome, Rejection):
            letter = DeadLetter(
                payload=record.value, rejection=outcome, source=record.source, rejected_ms=record.appended_ms
            )
            self._publisher.publish(letter)
            self.counts.rejected[str(outcome.reason)] += 1
            return None
        return outcome
