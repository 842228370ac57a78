"""What a trade, a dead letter or an event of a session looks like on its topic: key, value and headers."""

from typing import NamedTuple

from domain.record import encode
from domain.session import SessionEvent
from domain.session_record import encode_event
from domain.trade import Trade
from ports.publisher import Publishable

from .settings import KafkaSettings


class Outgoing(NamedTuple):
    """A record on its way to a topic."""

    topic: str
    key: bytes | None
    """The symbol of a trade, so that its order is kept; of an event the producer; dead letters have none and spread over all partitions."""
    value: bytes
    headers: dict[str, str | bytes | None] | None


def outgoing(item: Publishable, settings: KafkaSettings) -> Outgoing:
    """Make the record of an item."""
    if isinstance(item, Trade):
        return Outgoing(settings.trades_topic, item.symbol.encode(), encode(item), None)
    if isinstance(item, SessionEvent):
        return Outgoing(settings.events_topic, item.instance.encode(), encode_event(item), None)
    return Outgoing(settings.dead_letters_topic, None, item.payload, {**item.headers()})
