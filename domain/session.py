"""What a producer reports about the connection of its feed, as values that need no context.

A session is one connection of one producer. Each event holds, for each symbol that it covers, since when that symbol was received without a break
(`symbols`), and up to when everything that came is acknowledged by the broker (`seen_ms`). So one event is a whole claim: *of this symbol, this
producer has missed nothing in [since, seen)*. No event needs another one to be understood. Events may arrive in any order, twice, or not at all:
a lost event can make a claim shorter, never longer.
"""

import enum
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import attrs

HOUR_MS: Final = 3_600_000
MAX_SYMBOLS: Final = 500
"""Symbols of one event. A session with more reports them in several events of the same kind and moment."""

_MAX_COUNT_DIGITS: Final = 9
"""A longer count is none of ours, and Python makes no int of thousands of digits."""


class SessionEventKind(enum.StrEnum):
    """What happened to a connection."""

    CONNECTED = "connected"
    SUBSCRIBED = "subscribed"
    """The symbols were requested: all of them, the new ones since this moment."""
    UNSUBSCRIBED = "unsubscribed"
    """Some symbols, those of the event, are no longer received."""
    ALIVE = "alive"
    """A heartbeat of the producer, every few seconds: a producer that is killed reports no end."""
    REDELIVERED = "redelivered"
    """Trades came twice since the last heartbeat and were dropped: for each symbol of the event as many as its detail says."""
    PROVIDER_ERROR = "provider_error"
    BUFFER_FULL = "buffer_full"
    """From this moment publishing was blocked and the feed under backpressure. Reported when that is over."""
    BUFFER_FREE = "buffer_free"
    """The end of that. What the provider buffered meanwhile is read now; if it closed the connection instead, the session ends."""
    RECORDS_LOST = "records_lost"
    """The broker gave records up: the claims of this event end before the first of them, and begin again with the next event."""
    SILENT = "silent"
    """Nothing came for so long that the connection was closed."""
    RATE_LIMITED = "rate_limited"
    """An attempt to connect was refused for now."""
    DISCONNECTED = "disconnected"
    """The connection was lost, or an attempt to connect failed."""
    STOPPED = "stopped"
    """The producer ended the session."""


ENDS: Final = frozenset(
    {
        SessionEventKind.RECORDS_LOST,
        SessionEventKind.SILENT,
        SessionEventKind.RATE_LIMITED,
        SessionEventKind.DISCONNECTED,
        SessionEventKind.STOPPED,
        SessionEventKind.UNSUBSCRIBED,
    }
)
"""After one of these the session no longer covers the symbols of the event, until a later event includes them again."""


class CoverageSpan(NamedTuple):
    """Nothing was missed in [start_ms, end_ms), in milliseconds since the epoch. The span is empty when the end is not after the start."""

    start_ms: int
    end_ms: int


@attrs.frozen(kw_only=True)
class SessionEvent:
    """One event of one session."""

    instance: str
    """The producer's name."""
    session: str
    """Which of its connections. No two processes of one name share a session."""
    kind: SessionEventKind
    at_ms: int
    """When it happened, by the producer's clock (ms since the epoch, UTC)."""
    seen_ms: int
    """Up to when nothing was missed, and everything received in this session is acknowledged; not after `at_ms`."""
    detail: str = ""
    symbols: Mapping[str, int] = attrs.field(factory=dict)
    """The symbols of the event, each with the time since when it is received. A symbol that is not received has a time that makes its claim empty."""

    @property
    def bucket_ms(self) -> int:
        """The time under which a store keeps the event (ms since the epoch). Heartbeats of one hour share one: the newest claims all that earlier ones did."""
        return self.at_ms - self.at_ms % HOUR_MS if self.kind is SessionEventKind.ALIVE else self.at_ms

    @property
    def redelivered(self) -> int:
        """How many trades of each symbol came twice and were dropped; 0 for every other kind of event."""
        is_count = self.kind is SessionEventKind.REDELIVERED and self.detail.isdecimal()
        return int(self.detail) if is_count and len(self.detail) <= _MAX_COUNT_DIGITS else 0

    def covered_span(self, symbol: str) -> CoverageSpan | None:
        """Return the claim for a symbol, or None when the event does not include the symbol."""
        since_ms = self.symbols.get(symbol)
        return None if since_ms is None else CoverageSpan(since_ms, self.seen_ms)

    def about(self, symbol: str) -> "SessionEvent":
        """Return the event with this one of its symbols alone. Raise KeyError for any other symbol."""
        return attrs.evolve(self, symbols={symbol: self.symbols[symbol]})

    def in_parts(self, size: int = MAX_SYMBOLS) -> Iterator["SessionEvent"]:
        """Split the event into events of at most `size` symbols each; at least one event."""
        if len(self.symbols) <= size:
            yield self
            return
        pairs = list(self.symbols.items())
        for first in range(0, len(pairs), size):
            yield attrs.evolve(self, symbols=dict(pairs[first : first + size]))
