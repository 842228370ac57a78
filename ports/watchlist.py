"""Port: an instance's share of the watchlist."""

from collections.abc import Callable
from typing import Protocol

from domain.watchlist import Share


class Watchlist(Protocol):
    """Divides the symbols of the watchlist among the instances that take part: each symbol is assigned to one instance. For use by one thread."""

    def start(self) -> None:
        """Take part. Raise BrokerError for what waiting does not cure."""
        ...

    def poll(self, cover: Callable[[Share], None]) -> None:
        """Call `cover` with this instance's share, once it is known and whenever it has changed. Never blocks; call it several times a second.

        A symbol that this instance loses is assigned to another one only after `cover` has returned. While the broker is unavailable the share stays
        as it is. Raise KeyInUseError when another instance has taken the place of this one, BrokerError when the group cannot go on.
        """
        ...

    def close(self) -> None:
        """Release this instance's symbols to the others; stop covering them before. Closing twice is fine."""
        ...
