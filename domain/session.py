"""What a producer tells of its feed's connection, as values that stand by themselves.

A session is one connection of one producer. Each event of it says, for each symbol that it covers, since when that symbol was received without a
break (`symbols`), and up to when everything that came is known to be kept by the broker (`seen_ms`). So one event is a whole span: *of this
symbol, this producer has missed nothing in [since, seen)*. No event needs another one to be understood. They may come in any order, twice, or
not at all: what is lost of them makes a span shorter, never longer.
"""

import enum
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import attrs

HOUR_MS: Final = 3_600_000
MAX_SYMBOLS: Final = 500
"""Of one event: a session with more tells them in several events of the same kind and moment."""


class SessionEventKind(enum.StrEnum):
    """What happened to a connection."""

    CONNECTED = "connected"
    SUBSCRIBED = "subscribed"
    """The symbols are asked for, in full; it tells all of them, the new ones since this moment."""
    UNSUBSCRIBED = "unsubscribed"
    """Some symbols are no longer received: those that it tells."""
    ALIVE = "alive"
    """Nothing has changed: told every few seconds, since a producer that is killed tells no end."""
    PROVIDER_ERROR = "provider_error"
    BUFFER_FULL = "buffer_full"
    """The broker took nothing more and the feed was held back, from this moment; told when that is over."""
    BUFFER_FREE = "buffer_free"
    """The end of that. What the provider kept for us meanwhile is read now; if it let us go instead, the session ends."""
    SILENT = "silent"
    """Nothing was heard for so long that the connection is given up."""
    RATE_LIMITED = "rate_limited"
    """An attempt to connect was refused."""
    DISCONNECTED = "disconnected"
    """The connection was lost, or an attempt to connect failed."""
    STOPPED = "stopped"
    """The producer ended it by itself."""


ENDS: Final = frozenset(
    {
        SessionEventKind.SILENT,
        SessionEventKind.RATE_LIMITED,
        SessionEventKind.DISCONNECTED,
        SessionEventKind.STOPPED,
        SessionEventKind.UNSUBSCRIBED,
    }
)
"""After these the symbols that are told are not covered by the session, until it says so again."""


class CoverageSpan(NamedTuple):
    """Nothing was missed in [start_ms, end_ms), in milliseconds since the epoch; empty when the end is not after the start."""

    start_ms: int
    end_ms: int


@attrs.frozen(kw_only=True)
class SessionEvent:
    """One event of one session."""

    instance: str
    """The producer's name."""
    session: str
    """Which of its connections; other processes of the same name have other ones."""
    kind: SessionEventKind
    at_ms: int
    """When, by the producer's clock (ms since the epoch, UTC)."""
    seen_ms: int
    """Up to when everything received in this session is kept, and nothing was missed; not after `at_ms`."""
    detail: str = ""
    symbols: Mapping[str, int] = attrs.field(factory=dict)
    """The symbols that it is about, each with the time since when it is received; one that is not received since a time that makes the span empty."""

    @property
    def bucket_ms(self) -> int:
        """Where it is kept in time (ms since the epoch): signs of life by the hour, of which the newest is enough, since it says all that earlier ones say."""
        return self.at_ms - self.at_ms % HOUR_MS if self.kind is SessionEventKind.ALIVE else self.at_ms

    def covered_span(self, symbol: str) -> CoverageSpan | None:
        """Give what it spans of a symbol; None when it does not tell of it."""
        since_ms = self.symbols.get(symbol)
        return None if since_ms is None else CoverageSpan(since_ms, self.seen_ms)

    def about(self, symbol: str) -> "SessionEvent":
        """Give the same event about this one of its symbols alone. Raises KeyError for another one."""
        return attrs.evolve(self, symbols={symbol: self.symbols[symbol]})

    def in_parts(self, size: int = MAX_SYMBOLS) -> Iterator["SessionEvent"]:
        """Give it as events of at most so many symbols each; at least one."""
        if len(self.symbols) <= size:
            yield self
            return
        pairs = list(self.symbols.items())
        for first in range(0, len(pairs), size):
            yield attrs.evolve(self, symbols=dict(pairs[first : first + size]))
