"""Port: an instance's share of the watchlist."""

from collections.abc import Callable
from typing import Protocol

from domain.watchlist import Share


class Watchlist(Protocol):
    """Shares the symbols of a list out among the instances that take part: each symbol is one instance's. For use by one thread."""

    def start(self) -> None:
        """Take part. Raises BrokerError for what waiting does not cure."""
        ...

    def poll(self, cover: Callable[[Share], None]) -> None:
        """Hand `cover` this instance's share, once there is one and whenever it has changed since. Never waits; call it several times a second.

        What is taken away is another's only when `cover` has returned. While the broker is away the share stays as it is. Raises KeyInUseError when
        another instance has taken this one's place, and BrokerError when the group cannot go on.
        """
        ...

    def close(self) -> None:
        """Leave the others this instance's symbols: cover them no longer by then. Closing twice is fine."""
        ...
