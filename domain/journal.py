"""The journal of a producer: what its feed delivered and its broker acknowledged become the events of its sessions. Pure: the caller has the clock.

An event claims that nothing was missed before `seen_ms`. The claim includes a moment only when three conditions hold for everything that came up
to then:

1. **It was read.** A reader that lags finds old messages, and cannot tell when they were sent. Only a read that at first found nothing proves
   something: everything that came before that read began has been read. No other moment is claimed.
2. **The connection was alive.** A connection may be dead for a while before anybody notices. So a moment counts only after a later message.
3. **It is acknowledged.** A record that waits for its acknowledgement is lost when the producer is killed, so the claim waits as well. When the
   broker gives a record up, the claim of every symbol ends before that record and begins again at the moment of the report: the record may be of
   any symbol.

A provider that refuses a symbol does not name it. After an error of the provider, the events leave out each symbol without a trade in this
session, until its first trade comes.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import attrs

from .feed import FeedEvent, FeedEventKind, FeedMessage
from .session import SessionEvent, SessionEventKind
from .trade import Trade
from .validation import is_symbol

MARK_EVERY_MS: Final = 500
"""How often a mark is made of what was read and published by then. It is claimed when that much is acknowledged."""
ALIVE_EVERY_MS: Final = 5_000
_MAX_MARKS: Final = 10_000
"""After more than an hour without an acknowledgement the oldest marks are dropped; later marks claim the same time."""

_SESSION_KINDS: Final = {
    FeedEventKind.PROVIDER_ERROR: SessionEventKind.PROVIDER_ERROR,
    FeedEventKind.SILENT: SessionEventKind.SILENT,
    FeedEventKind.RATE_LIMITED: SessionEventKind.RATE_LIMITED,
    FeedEventKind.DISCONNECTED: SessionEventKind.DISCONNECTED,
}
_HEARD: Final = frozenset({FeedEventKind.HEARTBEAT, FeedEventKind.OTHER_MESSAGE, FeedEventKind.PROVIDER_ERROR})


@attrs.frozen(kw_only=True)
class DeliveryProgress:
    """What became of the items that were published, all counted since the start."""

    total: int
    """Items published."""
    completed_prefix: int
    """The number of items, counted from the first one on, before which no item is pending: each is acknowledged or given up."""
    failed: int
    """Items given up."""


class Journal:
    """The journal of one producer; for use by one thread."""

    def __init__(self, *, instance: str, run: str, alive_every_ms: int = ALIVE_EVERY_MS) -> None:
        """Begin without a session. `run` distinguishes this process from earlier and later ones of the same instance."""
        self._instance = instance
        self._run = run
        self._alive_every_ms = alive_every_ms
        self._number = 0
        self._connected = False
        self._since: dict[str, int] = {}
        self._traded: set[str] = set()
        self._doubted: frozenset[str] = frozenset()
        self._idle_ms = 0
        self._heard_ms = 0
        self._seen_ms = 0
        self._failed = 0
        self._marks: deque[tuple[int, int]] = deque(maxlen=_MAX_MARKS)
        """Pairs of items published and the moment up to which everything was read then."""
        self._mark_at_ms = 0
        self._alive_at_ms = 0
        self._redelivered: Counter[str] = Counter()
        """Trades that came twice, by symbol, since the last heartbeat."""

    @property
    def is_connected(self) -> bool:
        """Whether a session is open."""
        return self._connected

    def read(self, begun_ms: int, message: FeedMessage | None) -> None:
        """Take the result of a read of the feed, and when that read began. Call it before the message itself is taken."""
        if message is None or message.drained:
            self._idle_ms = begun_ms

    def received(self, trades: Collection[Trade]) -> None:
        """Take the trades of a frame, after they were published."""
        if not self._connected:
            return
        self._traded.update([trade.symbol for trade in trades])
        self._hear()

    def redelivered(self, symbols: Iterable[object]) -> None:
        """Take the symbol of each trade that came twice and was dropped."""
        self._redelivered.update(_valid(symbols))

    def happened(self, event: FeedEvent, progress: DeliveryProgress) -> list[SessionEvent]:
        """Take an event of the feed, and return the session events to publish."""
        if event.kind in _HEARD:
            self._hear()
        if event.kind is FeedEventKind.CONNECTED:
            return self._connect(event, progress)
        if event.kind is FeedEventKind.SUBSCRIBED:
            return self._subscribe(event.symbols, event.at_ms, progress)
        kind = _SESSION_KINDS.get(event.kind)
        if kind is None:
            return []
        lost = self._mark(event.at_ms, progress)
        if event.kind is FeedEventKind.PROVIDER_ERROR:
            self._doubted = frozenset(self._since) - self._traded
        if not self._connected:
            # A failed attempt, or an event after the end of a session: it names the symbols and claims nothing.
            return [self._event(kind, event.at_ms, dict.fromkeys(_valid(event.symbols), event.at_ms), event.detail)]
        found = [
            *lost,
            *self._redeliveries(event.at_ms),
            self._event(kind, event.at_ms, self._covered(), event.detail),
        ]
        if event.kind is not FeedEventKind.PROVIDER_ERROR:
            self._end()
        return found

    def backpressure(self, from_ms: int, to_ms: int) -> list[SessionEvent]:
        """Record that publishing was blocked from one moment to another, and return the session events to publish."""
        if not self._connected:
            return []
        symbols = self._covered()
        return [
            self._event(SessionEventKind.BUFFER_FULL, from_ms, symbols),
            self._event(SessionEventKind.BUFFER_FREE, to_ms, symbols, f"backpressure for {to_ms - from_ms} ms"),
        ]

    def is_due(self, now_ms: int) -> bool:
        """Return whether it is time to call `mark`."""
        return self._connected and not 0 < self._mark_at_ms - now_ms <= self._alive_every_ms

    def mark(self, now_ms: int, progress: DeliveryProgress) -> list[SessionEvent]:
        """Make a mark, and return the session events to publish, with a heartbeat when it is time for one."""
        found = self._mark(now_ms, progress)
        self._mark_at_ms = now_ms + min(MARK_EVERY_MS, self._alive_every_ms)
        if self._connected and not 0 < self._alive_at_ms - now_ms <= self._alive_every_ms:
            self._alive_at_ms = now_ms + self._alive_every_ms
            found += self._redeliveries(now_ms)
            found.append(self._event(SessionEventKind.ALIVE, now_ms, self._covered()))
        return found

    def stopped(self, now_ms: int, progress: DeliveryProgress) -> list[SessionEvent]:
        """Record that the producer ends the session, and return the session events to publish."""
        found = self._mark(now_ms, progress)
        if self._connected:
            found += self._redeliveries(now_ms)
            found.append(self._event(SessionEventKind.STOPPED, now_ms, self._covered()))
            self._end()
        return found

    def _connect(self, event: FeedEvent, progress: DeliveryProgress) -> list[SessionEvent]:
        self._number += 1
        self._end()
        self._connected = True
        self._failed = progress.failed
        self._heard_ms = self._seen_ms = event.at_ms
        self._mark_at_ms = event.at_ms
        self._alive_at_ms = event.at_ms + self._alive_every_ms
        symbols = dict.fromkeys(_valid(event.symbols), event.at_ms)
        return [self._event(SessionEventKind.CONNECTED, event.at_ms, symbols, event.detail)]

    def _subscribe(self, symbols: Iterable[str], at_ms: int, progress: DeliveryProgress) -> list[SessionEvent]:
        found = self._mark(at_ms, progress)
        before = self._covered()
        self._since = {symbol: self._since.get(symbol, at_ms) for symbol in _valid(symbols)}
        dropped = {symbol: since_ms for symbol, since_ms in before.items() if symbol not in self._since}
        self._traded -= dropped.keys()
        if dropped:
            found.append(self._event(SessionEventKind.UNSUBSCRIBED, at_ms, dropped))
        found.append(self._event(SessionEventKind.SUBSCRIBED, at_ms, self._covered()))
        return found

    def _covered(self) -> dict[str, int]:
        return {
            symbol: since_ms
            for symbol, since_ms in self._since.items()
            if symbol not in self._doubted or symbol in self._traded
        }

    def _redeliveries(self, at_ms: int) -> list[SessionEvent]:
        """Return an event for the symbols of each count."""
        counts, self._redelivered = self._redelivered, Counter()
        covered = self._covered()
        return [
            self._event(
                SessionEventKind.REDELIVERED,
                at_ms,
                {symbol: covered.get(symbol, at_ms) for symbol, found in counts.items() if found == count},
                str(count),
            )
            for count in sorted(set(counts.values()))
        ]

    def _hear(self) -> None:
        self._heard_ms = max(self._heard_ms, self._idle_ms)

    def _mark(self, at_ms: int, progress: DeliveryProgress) -> list[SessionEvent]:
        """Make a mark, and move the claim to the newest mark that is acknowledged. Return the events about records that were given up."""
        lost = progress.failed > self._failed
        self._failed = progress.failed
        if lost:
            # Any of these marks may count a lost record among its items.
            self._marks.clear()
        if not self._marks or self._marks[-1] != (progress.total, self._heard_ms):
            self._marks.append((progress.total, self._heard_ms))
        if lost:
            return self._restart_claims(at_ms)
        while self._marks and self._marks[0][0] <= progress.completed_prefix:
            self._seen_ms = max(self._seen_ms, self._marks.popleft()[1])
        return []

    def _restart_claims(self, at_ms: int) -> list[SessionEvent]:
        before = self._covered()
        # A millisecond later, as the lost record may be of this one.
        self._since = dict.fromkeys(self._since, at_ms + 1)
        if not before:
            return []
        return [
            self._event(SessionEventKind.RECORDS_LOST, at_ms, before),
            self._event(SessionEventKind.SUBSCRIBED, at_ms, self._covered()),
        ]

    def _end(self) -> None:
        self._connected = False
        self._since = {}
        self._traded = set()
        self._doubted = frozenset()
        self._marks.clear()

    def _event(self, kind: SessionEventKind, at_ms: int, symbols: Mapping[str, int], detail: str = "") -> SessionEvent:
        return SessionEvent(
            instance=self._instance,
            session=f"{self._run}-{self._number}",
            kind=kind,
            at_ms=at_ms,
            seen_ms=min(self._seen_ms, at_ms),
            detail=detail,
            symbols=symbols,
        )


def _valid(symbols: Iterable[object]) -> Iterable[str]:
    # No trade of any other symbol is valid either.
    return (symbol for symbol in symbols if isinstance(symbol, str) and is_symbol(symbol))
