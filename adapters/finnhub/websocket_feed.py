"""The live feed: Finnhub's WebSocket, read by one thread, which reconnects after every outage.

The feed is in one of three states, and `read` advances it within its timeout:

    waiting --(the wait is over)--> dialing --(connected)--> open --(lost, silent)--> waiting
                                       '-----(refused, took too long)--------------------^

1. Every change is reported by an event. Nothing that a network or a server does raises, with one exception: a server that does not accept the API
   key ends the feed with KeyRefusedError, because another attempt with the same key is useless.
2. After each connect all symbols are subscribed again; while connected, `subscribe` sends the differences at once.
3. A connection without any message for `silence_timeout_s`, WebSocket pings included, counts as dead and is closed. That is decided only when the
   socket has nothing more to read, so a slow reader does not take its own delay for silence.
4. Every text passes through the `Redactor`: the token is in the URL, and the vendor's errors may quote that.

`read` and `subscribe` block no longer than their timeout, except for a write that the server does not read, which fails after `connect_timeout_s`.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Iterable

import attrs

from adapters.system_clock import system_clock
from domain.feed import FeedEvent, FeedEventKind, FeedMessage
from ports.clock import Clock
from ports.errors import EndOfFeed, FeedError, KeyRefusedError

from .backoff import Backoff
from .connection import Connection, ConnectionLost
from .dial import Dial
from .protocol import parse_message, subscribe_message, unsubscribe_message
from .redact import Redactor
from .settings import FinnhubSettings


class FinnhubFeed:
    """A `ports.feed.Feed` of live trades. Tests pass clocks, a sleep and random numbers of their own."""

    def __init__(
        self,
        settings: FinnhubSettings,
        *,
        now_ms: Clock = system_clock,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        rng: random.Random | None = None,
    ) -> None:
        self._settings = settings
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._sleep = sleep
        self._redact = Redactor(settings.token)
        self._backoff = Backoff(
            base_s=settings.backoff_base_s,
            cap_s=settings.backoff_cap_s,
            rate_limited_base_s=settings.rate_limited_base_s,
            rate_limited_cap_s=settings.rate_limited_cap_s,
            rng=rng or random.Random(),  # noqa: S311 - jitter is no secret
        )
        self._started = False
        self._closed = False
        self._failure: KeyRefusedError | None = None
        self._symbols: dict[str, None] = {}
        self._subscribed: dict[str, None] = {}
        self._events: deque[FeedEvent] = deque()
        self._dial: Dial | None = None
        self._connection: Connection | None = None
        # Times of the monotonic clock (s): of the next attempt, of the begin of the attempt or the connection, of the last message.
        self._dial_at = 0.0
        self._since = 0.0
        self._heard_at = 0.0

    def start(self) -> None:
        """Begin to connect. Raise KeyRefusedError when there is no key for the real Finnhub."""
        if self._settings.is_real and not self._settings.token.strip():
            raise KeyRefusedError("Finnhub requires an API key, and none is set")
        if not self._started:
            self._started = True
            self._start_dial()

    def subscribe(self, symbols: Iterable[str]) -> None:
        """Receive these symbols, in this order. Trades of a dropped symbol that are on their way are still returned."""
        self._symbols = dict.fromkeys(symbols)
        # At once, not at the next `read`: another instance may wait for a symbol that is dropped.
        if self._connection is not None and self._symbols.keys() != self._subscribed.keys():
            self._send_subscriptions(self._connection)

    def read(self, timeout_s: float) -> FeedMessage | None:
        """Return the next message, or None when none came in time (s). Raise EndOfFeed after `close`, KeyRefusedError when the key is refused."""
        if self._closed:
            raise EndOfFeed("the feed is closed")
        if not self._started:
            raise FeedError("start the feed before reading from it")
        deadline = self._monotonic() + timeout_s
        while not self._events:
            if self._failure is not None:
                raise self._failure
            left_s = max(deadline - self._monotonic(), 0.0)
            if self._connection is not None:
                return self._receive(self._connection, left_s)
            advanced = self._try_dial(self._dial, left_s) if self._dial is not None else self._wait(left_s)
            if not advanced:
                return None
        return self._events.popleft()

    def close(self) -> None:
        """Stop, and release the connection. Closing twice is fine."""
        self._closed = True
        if self._dial is not None:
            self._dial.abandon()
            self._dial = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _start_dial(self) -> None:
        self._dial = Dial(self._settings)
        self._since = self._monotonic()
        self._dial.start()

    def _wait(self, left_s: float) -> bool:
        wait_s = self._dial_at - self._monotonic()
        if wait_s > left_s:
            self._sleep(left_s)
            return False
        if wait_s > 0:
            self._sleep(wait_s)
        self._start_dial()
        return True

    def _try_dial(self, dial: Dial, left_s: float) -> bool:
        give_up_s = max(self._since + self._settings.connect_timeout_s - self._monotonic(), 0.0)
        outcome = dial.outcome(min(left_s, give_up_s))
        if outcome is None:
            if give_up_s > left_s:
                return False
            dial.abandon()
            self._lose(f"no connection within {self._settings.connect_timeout_s:g} s")
        elif isinstance(outcome, Connection):
            self._dial = None
            self._connection = outcome
            self._subscribed = {}
            self._since = self._heard_at = self._monotonic()
            self._emit(FeedEventKind.CONNECTED)
            self._send_subscriptions(outcome)
        elif outcome.key_refused:
            self._fail(outcome.reason)
        elif outcome.rate_limited:
            self._emit(FeedEventKind.RATE_LIMITED, outcome.reason)
            self._lose(outcome.reason, self._backoff.after_rate_limit(outcome.retry_after_s))
        else:
            self._lose(outcome.reason)
        return True

    def _receive(self, connection: Connection, left_s: float) -> FeedMessage | None:
        silent_at = self._heard_at + self._settings.silence_timeout_s
        # At least once without waiting: what came between two reads is not silence.
        wait_s = min(left_s, max(silent_at - self._monotonic(), 0.0))
        try:
            payload = connection.receive(wait_s)
        except ConnectionLost as loss:
            self._lose(str(loss))
            return self._events.popleft()
        now = self._monotonic()
        if payload is not None or connection.heard:
            connection.heard = False
            self._heard_at = now
        elif now >= silent_at:
            self._emit(FeedEventKind.SILENT, f"nothing heard for {now - self._heard_at:.0f} s")
            self._lose("silent")
            return self._events.popleft()
        return None if payload is None else self._parse(payload, drained=connection.drained)

    def _parse(self, payload: bytes, *, drained: bool) -> FeedMessage:
        message = parse_message(payload, self._now_ms())
        if drained:
            # Only here, where the reader had to wait and so has time for a copy.
            message = attrs.evolve(message, drained=True)
        if isinstance(message, FeedEvent) and message.detail:
            return attrs.evolve(message, detail=self._redact(message.detail))
        return message

    def _send_subscriptions(self, connection: Connection) -> None:
        added = tuple(symbol for symbol in self._symbols if symbol not in self._subscribed)
        removed = tuple(symbol for symbol in self._subscribed if symbol not in self._symbols)
        try:
            # First make room: the number of symbols is limited.
            for symbol in removed:
                connection.send(unsubscribe_message(symbol))
            for symbol in added:
                connection.send(subscribe_message(symbol))
        except ConnectionLost as loss:
            self._lose(str(loss))
            return
        self._subscribed = dict(self._symbols)
        if added or removed:
            self._emit(FeedEventKind.SUBSCRIBED)

    def _lose(self, reason: str, wait_s: float | None = None) -> None:
        now = self._monotonic()
        if self._connection is not None:
            if now - self._since >= self._settings.stable_after_s:
                self._backoff.reset()
            self._connection.close()
        self._connection = None
        self._dial = None
        wait_s = self._backoff.after_failure() if wait_s is None else wait_s
        self._dial_at = now + wait_s
        self._emit(FeedEventKind.DISCONNECTED, f"{reason}; next attempt in {wait_s:.1f} s")

    def _fail(self, reason: str) -> None:
        """End the feed: report the refusal as an event, then raise it from every `read`."""
        self._dial = None
        self._emit(FeedEventKind.DISCONNECTED, reason)
        self._failure = KeyRefusedError(f"the server does not accept this API key: {self._redact(reason)}")

    def _emit(self, kind: FeedEventKind, detail: str = "") -> None:
        event = FeedEvent(kind=kind, at_ms=self._now_ms(), detail=self._redact(detail), symbols=tuple(self._symbols))
        self._events.append(event)
