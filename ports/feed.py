"""Port: a source of market data."""

from collections.abc import Iterable
from typing import Protocol

from domain.feed import FeedMessage


class Feed(Protocol):
    """A source of frames of trades, and of events of its connection.

    The consumer pulls: a slow reader applies backpressure, and nothing is buffered without a bound. Messages come in the order in which they were
    received. For use by one thread.
    """

    def start(self) -> None:
        """Begin to connect. Raise FeedError only for what waiting does not cure; an outage is reported by events."""
        ...

    def subscribe(self, symbols: Iterable[str]) -> None:
        """Receive these symbols and no others, now and after each reconnect. May be called before `start` and at any time."""
        ...

    def read(self, timeout_s: float) -> FeedMessage | None:
        """Return the next message, or None when none came in time. The feed reconnects on its own after every outage.

        None, and a message with `drained`, mean that at some moment since the call everything that had come was read. A feed that is not sure
        does not set `drained`. Raise EndOfFeed when no more messages will come, KeyRefusedError when the provider does not accept the API key.
        """
        ...

    def close(self) -> None:
        """Stop, and release everything. Closing twice is fine."""
        ...
