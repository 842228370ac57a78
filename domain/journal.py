"""A producer's journal: what comes from a feed, and what the broker acknowledged, become the events of its sessions. Pure; the caller has the clock.

`seen_ms` is claimed only when three things hold of everything that came up to then:

1. **It was read.** A reader that lags behind, or was held up, finds old messages and cannot tell when they were sent. Only a read that found
   nothing there at first tells something: all that came before it began has been read. No other moment is claimed.
2. **It was heard.** A connection without a message may be dead without anybody knowing. So such a moment counts once a message has come after it.
3. **It is kept.** What was handed to the broker and is not acknowledged is lost when the producer is killed: seen waits for the acknowledgement.

A provider that refuses a symbol does not say which one. After an error of the provider, symbols of which no trade came in this session are not
told any more, until one comes.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import attrs

from .feed import FeedEvent, FeedEventKind, FeedMessage
from .session import SessionEvent, SessionEventKind
from .trade import Trade
from .validation import is_symbol

MARK_EVERY_MS: Final = 500
"""So often it is noted what was received and handed over, to be told as seen when that much is acknowledged."""
ALIVE_EVERY_MS: Final = 5_000
_MOST_MARKS: Final = 10_000
"""Beyond an hour without an acknowledgement the oldest notes go; what they would have told, later ones tell as well."""

_TOLD: Final = {
    FeedEventKind.PROVIDER_ERROR: SessionEventKind.PROVIDER_ERROR,
    FeedEventKind.SILENT: SessionEventKind.SILENT,
    FeedEventKind.RATE_LIMITED: SessionEventKind.RATE_LIMITED,
    FeedEventKind.DISCONNECTED: SessionEventKind.DISCONNECTED,
}
_HEARD: Final = frozenset({FeedEventKind.HEARTBEAT, FeedEventKind.OTHER_MESSAGE, FeedEventKind.PROVIDER_ERROR})


@attrs.frozen(kw_only=True)
class DeliveryProgress:
    """How things stand with what was handed to the broker."""

    total: int
    """Items handed over so far."""
    completed_prefix: int
    """Of these, so many from the first on that none of them is still to be acknowledged."""


class Journal:
    """The journal of one producer; for use by one thread."""

    def __init__(self, *, instance: str, run: str, alive_every_ms: int = ALIVE_EVERY_MS) -> None:
        """Begin without a session. `run` tells this process from others that have its name, before and after it."""
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
        self._marks: deque[tuple[int, int]] = deque(maxlen=_MOST_MARKS)
        self._mark_at_ms = 0
        self._alive_at_ms = 0

    @property
    def is_connected(self) -> bool:
        """Whether a session is open."""
        return self._connected

    def read(self, begun_ms: int, message: FeedMessage | None) -> None:
        """Take what a read of the feed gave, and when it had begun; to be told before the message itself."""
        if message is None or message.drained:
            self._idle_ms = begun_ms

    def received(self, trades: Collection[Trade]) -> None:
        """Take a frame, after its trades were handed to the broker."""
        if not self._connected:
            return
        self._traded.update([trade.symbol for trade in trades])
        self._hear()

    def happened(self, event: FeedEvent, progress: DeliveryProgress) -> list[SessionEvent]:
        """Take an event of the feed; give what is to be told of it."""
        at_ms = event.at_ms
        if event.kind in _HEARD:
            self._hear()
        if event.kind is FeedEventKind.CONNECTED:
            return self._connect(event)
        if event.kind is FeedEventKind.SUBSCRIBED:
            return self._subscribe(event.symbols, at_ms, progress)
        kind = _TOLD.get(event.kind)
        if kind is None:
            return []
        self._note(progress)
        if event.kind is FeedEventKind.PROVIDER_ERROR:
            self._doubted = frozenset(self._since) - self._traded
        if not self._connected:
            # An attempt that failed, or what follows an end: it is told of the symbols, and nothing is claimed.
            return [self._event(kind, at_ms, dict.fromkeys(_valid(event.symbols), at_ms), event.detail)]
        told = self._event(kind, at_ms, self._covered(), event.detail)
        if event.kind is not FeedEventKind.PROVIDER_ERROR:
            self._end()
        return [told]

    def backpressure(self, from_ms: int, to_ms: int) -> list[SessionEvent]:
        """Take that the broker took nothing more for so long; give what is to be told of it."""
        if not self._connected:
            return []
        symbols = self._covered()
        return [
            self._event(SessionEventKind.BUFFER_FULL, from_ms, symbols),
            self._event(SessionEventKind.BUFFER_FREE, to_ms, symbols, f"backpressure for {to_ms - from_ms} ms"),
        ]

    def is_due(self, now_ms: int) -> bool:
        """Say whether `mark` has something to do."""
        return self._connected and not 0 < self._mark_at_ms - now_ms <= self._alive_every_ms

    def mark(self, now_ms: int, progress: DeliveryProgress) -> list[SessionEvent]:
        """Note how things stand; give a sign of life when it is time for one."""
        self._note(progress)
        self._mark_at_ms = now_ms + min(MARK_EVERY_MS, self._alive_every_ms)
        if not self._connected or 0 < self._alive_at_ms - now_ms <= self._alive_every_ms:
            return []
        self._alive_at_ms = now_ms + self._alive_every_ms
        return [self._event(SessionEventKind.ALIVE, now_ms, self._covered())]

    def stopped(self, now_ms: int, progress: DeliveryProgress) -> list[SessionEvent]:
        """Take that the producer ends the session by itself; give what is to be told of it."""
        self._note(progress)
        if not self._connected:
            return []
        told = self._event(SessionEventKind.STOPPED, now_ms, self._covered())
        self._end()
        return [told]

    def _connect(self, event: FeedEvent) -> list[SessionEvent]:
        self._number += 1
        self._end()
        self._connected = True
        self._heard_ms = self._seen_ms = event.at_ms
        self._mark_at_ms = event.at_ms
        self._alive_at_ms = event.at_ms + self._alive_every_ms
        symbols = dict.fromkeys(_valid(event.symbols), event.at_ms)
        return [self._event(SessionEventKind.CONNECTED, event.at_ms, symbols, event.detail)]

    def _subscribe(self, symbols: Iterable[str], at_ms: int, progress: DeliveryProgress) -> list[SessionEvent]:
        self._note(progress)
        before = self._covered()
        self._since = {symbol: self._since.get(symbol, at_ms) for symbol in _valid(symbols)}
        dropped = {symbol: since_ms for symbol, since_ms in before.items() if symbol not in self._since}
        self._traded -= dropped.keys()
        told = [self._event(SessionEventKind.SUBSCRIBED, at_ms, self._covered())]
        if dropped:
            told.insert(0, self._event(SessionEventKind.UNSUBSCRIBED, at_ms, dropped))
        return told

    def _covered(self) -> dict[str, int]:
        return {
            symbol: since_ms
            for symbol, since_ms in self._since.items()
            if symbol not in self._doubted or symbol in self._traded
        }

    def _hear(self) -> None:
        self._heard_ms = max(self._heard_ms, self._idle_ms)

    def _note(self, progress: DeliveryProgress) -> None:
        if not self._marks or self._marks[-1] != (progress.total, self._heard_ms):
            self._marks.append((progress.total, self._heard_ms))
        while self._marks and self._marks[0][0] <= progress.completed_prefix:
            self._seen_ms = max(self._seen_ms, self._marks.popleft()[1])

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


def _valid(symbols: Iterable[str]) -> Iterable[str]:
    # Of any other no trade is valid either.
    return (symbol for symbol in symbols if is_symbol(symbol))
