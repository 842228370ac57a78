"""Trades, dead letters and events of sessions into the memory broker: records of the same form as on a real topic, kept as soon as they are published."""

from typing import Self

from domain.record import encode
from domain.session import SessionEvent
from domain.session_record import encode_event
from domain.trade import Trade
from ports.errors import BrokerError
from ports.publisher import Deliveries, Publishable

from .broker import MemoryBroker


class MemoryPublisher:
    """Publisher over a `MemoryBroker`. The broker's topics are the buffer: while one is full, `publish` waits as the broker says."""

    def __init__(
        self,
        broker: MemoryBroker,
        *,
        trades_topic: str = "trades",
        dead_letters_topic: str = "trades.dlq",
        events_topic: str = "feed.events",
    ) -> None:
        self._broker = broker
        self._trades_topic = trades_topic
        self._dead_letters_topic = dead_letters_topic
        self._events_topic = events_topic
        self._acknowledged = 0
        self._open = False

    def start(self) -> None:
        """Begin."""
        self._open = True

    def publish(self, *items: Publishable) -> None:
        """Append items to their topics. Raises BrokerError when it is not open, or when a topic stays full."""
        if not self._open:
            raise BrokerError("the publisher is not open: nothing was published")
        for item in items:
            self._append(item)

    def _append(self, item: Publishable) -> None:
        if isinstance(item, Trade):
            self._broker.append(self._trades_topic, key=item.symbol.encode(), value=encode(item))
        elif isinstance(item, SessionEvent):
            self._broker.append(self._events_topic, key=item.instance.encode(), value=encode_event(item))
        else:
            headers = tuple(item.headers().items())
            self._broker.append(self._dead_letters_topic, key=None, value=item.payload, headers=headers)
        self._acknowledged += 1

    def flush(self, timeout_s: float) -> Deliveries:  # noqa: ARG002 - there is never anything to wait for
        """Say how many were published: all of them are kept."""
        return Deliveries(acknowledged=self._acknowledged, failed=0, pending=0, completed_prefix=self._acknowledged)

    def close(self) -> None:
        """End; the broker keeps what was published."""
        self._open = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
