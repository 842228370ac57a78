"""Port: a source of market data."""

from collections.abc import Iterable
from typing import Protocol

from domain.feed import FeedMessage


class Feed(Protocol):
    """A source of frames of trades and of events in its connection's life.

    Pulled, not pushed: who reads slowly holds the feed back, and nothing is buffered without bound. Messages come in the order in which
    they were received. For use by one thread.
    """

    def start(self) -> None:
        """Begin. Raises FeedError only for what waiting does not cure; an outage is told by events."""
        ...

    def subscribe(self, symbols: Iterable[str]) -> None:
        """Make these the symbols to receive, now and after each reconnect; may be called before `start` and at any time."""
        ...

    def read(self, timeout_s: float) -> FeedMessage | None:
        """Give the next message, or None when none came in time; reconnects underneath, forever. Raises EndOfFeed when there will be no more.

        None, and a message with `drained`, say that at some moment since the call all that had come was read. A feed in doubt does not say so.
        """
        ...

    def close(self) -> None:
        """Stop and let go of everything; closing twice is fine."""
        ...
