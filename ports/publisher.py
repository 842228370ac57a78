"""Port: the way into the broker."""

from typing import Protocol

import attrs

from domain.candle_update import CandleUpdate
from domain.dead_letters import ReplayedTrade, ReplayMark
from domain.rejection import DeadLetter
from domain.session import SessionEvent
from domain.trade import Trade


@attrs.frozen(kw_only=True)
class Deliveries:
    """What became of all items that were published: `acknowledged + failed + pending` is all of them."""

    acknowledged: int
    """Items that the broker has confirmed as persisted."""
    failed: int
    """Items that were given up; each was logged."""
    pending: int
    """Items in the buffer or in flight."""
    completed_prefix: int
    """The number of items, counted from the first one on, before which none is pending. Items after it may be lost in a crash."""


Publishable = Trade | DeadLetter | SessionEvent | CandleUpdate | ReplayedTrade | ReplayMark


class Publisher(Protocol):
    """Publishes trades, dead letters, session events and candles, each kind to its topic.

    A replayed trade goes to the trades, the mark of a replay to the dead letters. The order of the trades of a symbol is kept, that of the events of a
    producer, and that of the versions of a candle. A retry makes no duplicate. The buffer is bounded. For use by one thread.
    """

    def start(self) -> None:
        """Connect as needed. Raise BrokerError for what waiting does not cure."""
        ...

    def publish(self, *items: Publishable) -> None:
        """Accept items for delivery, in this order; block while the buffer is full, so nothing is dropped.

        One call with all items of a frame costs less than one call for each. Raise BrokerError when the publisher is closed or beyond repair.
        """
        ...

    def flush(self, timeout_s: float) -> Deliveries:
        """Wait until all is acknowledged or the time is up, and return the counts; with 0 do not wait. Call it while idle, too."""
        ...

    def close(self) -> None:
        """Release everything. Undelivered items are discarded: flush first. Closing twice is fine."""
        ...
