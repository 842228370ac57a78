"""Trades, dead letters, session events and candles into the memory broker: records of the same form as on a real topic, acknowledged at once."""

from collections.abc import Callable
from typing import Self

from domain.candle_update import CandleUpdate
from domain.dead_letters import ReplayedTrade
from domain.record import encode
from domain.rejection import DeadLetter
from domain.session import SessionEvent
from domain.session_record import encode_event
from domain.trade import Trade
from ports.errors import BrokerError
from ports.publisher import Deliveries, Publishable

from .broker import MemoryBroker

Acknowledge = Callable[[int, float], Deliveries]
"""Reports what became of the items: called by `flush` with the number of items published and its timeout (s)."""


def acknowledge_all(published: int, _timeout_s: float) -> Deliveries:
    """Acknowledge every item."""
    return Deliveries(acknowledged=published, failed=0, pending=0, completed_prefix=published)


class MemoryPublisher:
    """A `ports.publisher.Publisher` over a `MemoryBroker`. The broker's topics are the buffer: while one is full, `publish` waits as the broker does.

    `acknowledge` stands in for a broker that is slow to acknowledge, or gives records up; the records are on their topics all the same.
    """

    def __init__(
        self,
        broker: MemoryBroker,
        *,
        trades_topic: str = "trades",
        dead_letters_topic: str = "trades.dlq",
        events_topic: str = "feed.events",
        candles_topic: str = "candles",
        acknowledge: Acknowledge = acknowledge_all,
    ) -> None:
        self._broker = broker
        self._trades_topic = trades_topic
        self._dead_letters_topic = dead_letters_topic
        self._events_topic = events_topic
        self._candles_topic = candles_topic
        self._acknowledge = acknowledge
        self._published = 0
        self._open = False

    def start(self) -> None:
        """Begin."""
        self._open = True

    def publish(self, *items: Publishable) -> None:
        """Append items to their topics. Raise BrokerError when the publisher is not open, or when a topic stays full."""
        if not self._open:
            raise BrokerError("the publisher is not open: nothing was published")
        for item in items:
            self._append(item)

    def _append(self, item: Publishable) -> None:
        if isinstance(item, Trade):
            self._broker.append(self._trades_topic, key=item.symbol.encode(), value=encode(item))
        elif isinstance(item, SessionEvent):
            self._broker.append(self._events_topic, key=item.instance.encode(), value=encode_event(item))
        elif isinstance(item, CandleUpdate):
            self._broker.append(self._candles_topic, key=item.key.encode(), value=item.encode())
        elif isinstance(item, ReplayedTrade):
            key, headers = item.trade.symbol.encode(), tuple(item.headers().items())
            self._broker.append(self._trades_topic, key=key, value=encode(item.trade), headers=headers)
        else:
            value = item.payload if isinstance(item, DeadLetter) else b""
            self._broker.append(self._dead_letters_topic, key=None, value=value, headers=tuple(item.headers().items()))
        self._published += 1

    def flush(self, timeout_s: float) -> Deliveries:
        """Return what became of the items; there is never anything to wait for."""
        return self._acknowledge(self._published, timeout_s)

    def close(self) -> None:
        """Stop; the broker keeps what was published."""
        self._open = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
