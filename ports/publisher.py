"""Port: the way into the broker."""

from typing import Protocol

import attrs

from domain.rejection import DeadLetter
from domain.session import SessionEvent
from domain.trade import Trade


@attrs.frozen(kw_only=True)
class Deliveries:
    """What became of all that was handed to a publisher: `acknowledged + failed + pending` is all of it."""

    acknowledged: int
    """Kept by the broker for good, by its own word."""
    failed: int
    """Given up; each was logged."""
    pending: int
    """In the buffer or on the way."""
    completed_prefix: int
    """Of all that was handed over, so many from the first on that each of them is acknowledged or given up: the rest may be lost in a crash."""


Publishable = Trade | DeadLetter | SessionEvent


class Publisher(Protocol):
    """Hands trades, dead letters and events of sessions to the broker, each kind to its topic.

    Order per symbol is kept, of events per producer, and a retry makes no duplicate. The buffer is bounded. For use by one thread.
    """

    def start(self) -> None:
        """Connect as needed. Raises BrokerError for what waiting does not cure."""
        ...

    def publish(self, *items: Publishable) -> None:
        """Take items for delivery, in this order: those of one frame in one call, which costs less. Blocks while the buffer is full, so nothing is dropped.

        Raises BrokerError once the publisher is closed or beyond repair.
        """
        ...

    def flush(self, timeout_s: float) -> Deliveries:
        """Wait until all is acknowledged or the time is up, and say how things stand; with 0 it only looks. Call it while idle too."""
        ...

    def close(self) -> None:
        """Let go of everything, undelivered items included: flush first. Closing twice is fine."""
        ...
