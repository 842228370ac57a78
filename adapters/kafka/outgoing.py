"""How a trade, a dead letter, a session event or a candle is written to its topic: key, value and headers."""

from domain.candle_update import CandleUpdate
from domain.dead_letters import ReplayedTrade
from domain.record import encode
from domain.rejection import DeadLetter
from domain.session import SessionEvent
from domain.session_record import encode_event
from domain.trade import Trade
from ports.publisher import Publishable

from .settings import KafkaSettings

Outgoing = tuple[str, str | None, bytes, dict[str, str | bytes | None] | None]
"""A record to publish: topic, key, value, headers. The key of a trade is its symbol, and that of an event its producer, so that their order is kept.
Dead letters have no key, and spread over all partitions."""


def outgoing(item: Publishable, settings: KafkaSettings) -> Outgoing:
    """Return the record of an item."""
    if isinstance(item, Trade):
        return settings.trades_topic, item.symbol, encode(item), None
    if isinstance(item, SessionEvent):
        return settings.events_topic, item.instance, encode_event(item), None
    if isinstance(item, CandleUpdate):
        return settings.candles_topic, item.key, item.encode(), None
    if isinstance(item, ReplayedTrade):
        return settings.trades_topic, item.trade.symbol, encode(item.trade), {**item.headers()}
    value = item.payload if isinstance(item, DeadLetter) else b""
    return settings.dead_letters_topic, None, value, {**item.headers()}
