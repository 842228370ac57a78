"""What a trade or a dead letter looks like on its topic: key, value and headers."""

from typing import NamedTuple

from domain.record import encode
from domain.rejection import DeadLetter
from domain.trade import Trade

from .settings import KafkaSettings


class Outgoing(NamedTuple):
    """A record on its way to a topic."""

    topic: str
    key: bytes | None
    """The symbol of a trade, so that its order is kept; dead letters have none and spread over all partitions."""
    value: bytes
    headers: dict[str, str | bytes | None] | None


def outgoing(item: Trade | DeadLetter, settings: KafkaSettings) -> Outgoing:
    """Make the record of an item."""
    if isinstance(item, Trade):
        return Outgoing(settings.trades_topic, item.symbol.encode(), encode(item), None)
    return Outgoing(settings.dead_letters_topic, None, item.payload, {**item.headers()})
