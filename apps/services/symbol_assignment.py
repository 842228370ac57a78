"""Which symbols a producer's feed receives: those of its settings, or its share of the watchlist.

- A feed on the watchlist connects only after this instance has received a share: until then, the key may be in use.
- The loop calls `turn` several times a second. Code that blocks the loop calls `keep`: a publisher that waits for room does, so that the membership
  lasts, and a symbol that is revoked is unsubscribed in time.
- When another instance takes over the key, the feed is closed at once, and the next `turn` raises.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from domain.errors import TapelineError
from domain.watchlist import Share
from ports.feed import Feed
from ports.watchlist import Watchlist

POLL_EVERY_S: Final = 0.1
_SHOWN: Final = 50

log = structlog.get_logger("tapeline.producer")


class SymbolAssignment(Protocol):
    """Keeps a feed subscribed to its symbols."""

    def start(self) -> None:
        """Begin. Raise BrokerError if a broker is needed and cannot be reached."""
        ...

    def turn(self) -> bool:
        """Apply changes, and return whether the symbols are known yet. Raise KeyInUseError and BrokerError."""
        ...

    def keep(self) -> None:
        """Apply changes. The next `turn` raises what went wrong."""
        ...

    def close(self) -> None:
        """Release the symbols for other instances; close the feed first. Closing twice is fine."""
        ...


class FixedAssignment:
    """The symbols of the settings."""

    def __init__(self, feed: Feed, symbols: tuple[str, ...]) -> None:
        self._feed = feed
        self._symbols = symbols

    def start(self) -> None:
        """Subscribe to them."""
        self._feed.subscribe(self._symbols)

    def turn(self) -> bool:
        """Do nothing: the symbols are fixed."""
        return True

    def keep(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing: no other instance waits for the symbols."""


class WatchlistAssignment:
    """Keeps a feed on this instance's share of the watchlist."""

    def __init__(self, feed: Feed, watchlist: Watchlist, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._feed = feed
        self._watchlist = watchlist
        self._monotonic = monotonic
        self._poll_at = monotonic()
        self._has_share = False
        self._trouble: TapelineError | None = None

    def start(self) -> None:
        """Join the group."""
        self._watchlist.start()

    def turn(self) -> bool:
        """Follow the watchlist."""
        self.keep()
        if self._trouble is not None:
            raise self._trouble
        return self._has_share

    def keep(self) -> None:
        """Follow the watchlist. Close the feed if that is no longer possible."""
        now = self._monotonic()
        if now < self._poll_at or self._trouble is not None:
            return
        self._poll_at = now + POLL_EVERY_S
        try:
            self._watchlist.poll(self._cover)
        except TapelineError as trouble:
            self._trouble = trouble
            self._feed.close()

    def close(self) -> None:
        """Release the symbols for other instances."""
        self._watchlist.close()

    def _cover(self, share: Share) -> None:
        self._feed.subscribe(share.symbols)
        self._has_share = True
        log.info("covers", symbols=len(share.symbols), waiting=len(share.waiting))
        if share.waiting:
            log.warning(
                "symbols wait: there are more of them than keys can carry",
                waiting=len(share.waiting),
                symbols=share.waiting[:_SHOWN],
                cure="start another producer with a key of its own, or remove symbols",
            )
