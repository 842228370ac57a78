"""Which symbols a producer's feed receives: those of its settings, or its share of the watchlist.

- A feed on the watchlist is connected only when this instance has been given a share: the key may be in use until then.
- `turn` is for the loop, several times a second; `keep` for whoever holds the loop up. A publisher that waits for room calls it, so that membership
  lasts, and a symbol that is taken away is let go of in time.
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
    """Keeps a feed on its symbols."""

    def start(self) -> None:
        """Begin. Raises BrokerError where there is a broker to ask, and it cannot be asked."""
        ...

    def turn(self) -> bool:
        """Look for changes; say whether it is known what to cover. Raises KeyInUseError and BrokerError."""
        ...

    def keep(self) -> None:
        """Look for changes; what is wrong is raised by the next `turn`."""
        ...

    def close(self) -> None:
        """Leave the symbols to others; close the feed first. Closing twice is fine."""
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
        """Do nothing: they stay."""
        return True

    def keep(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing: nobody else waits for them."""


class WatchlistAssignment:
    """The share of the watchlist that is this instance's."""

    def __init__(self, feed: Feed, watchlist: Watchlist, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._feed = feed
        self._watchlist = watchlist
        self._monotonic = monotonic
        self._poll_at = monotonic()
        self._has_share = False
        self._trouble: TapelineError | None = None

    def start(self) -> None:
        """Take part."""
        self._watchlist.start()

    def turn(self) -> bool:
        """Follow the watchlist."""
        self.keep()
        if self._trouble is not None:
            raise self._trouble
        return self._has_share

    def keep(self) -> None:
        """Follow the watchlist, and close the feed when that is no longer possible."""
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
        """Leave the symbols to the others."""
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
