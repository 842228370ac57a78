"""The world of a journal, for its tests: a server, a network that is cut without notice, a reader that is blocked or lags, a broker that gives records up."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from hypothesis import strategies as st

from domain.feed import FeedEvent, FeedEventKind, Frame
from domain.journal import ALIVE_EVERY_MS, MARK_EVERY_MS, DeliveryProgress, Journal
from domain.session import SessionEvent, SessionEventKind
from domain.trade import Trade

T0 = 1_700_000_000_000
TIMEOUT_MS = 200
SYMBOLS = ("AAPL", "MSFT", "BINANCE:BTCUSDT")
KINDS = SessionEventKind
UNTIL_ALIVE_MS = ALIVE_EVERY_MS + MARK_EVERY_MS + TIMEOUT_MS
"""How long it may take until a heartbeat: it is reported at a mark, and a mark is made at a read."""


def trade(symbol: str, timestamp_ms: int) -> Trade:
    return Trade(
        symbol=symbol, price=Decimal(1), volume=Decimal(1), timestamp_ms=timestamp_ms, trade_id="0000-00000000",
        conditions=(), received_ms=timestamp_ms, venue="US", asset_class="stock",
    )  # fmt: skip


class World:
    """Messages on the way are (moment of sending, symbol or None for a heartbeat)."""

    def __init__(self) -> None:
        self.now = T0
        self.journal = Journal(instance="p", run="r")
        self.wire: deque[tuple[int, str | None]] = deque()
        self.connected = self.cut = False
        self.since: dict[str, int] = {}
        self.dropped: dict[str, int] = {}
        self.handed = self.completed_prefix = self.failed = 0
        self.reached: list[tuple[int, int]] = []
        """Items handed over when a message was read, and when it was sent: what is completed_prefix is truly kept up to there."""
        self.sent_ms: dict[int, int] = {}
        """When the trade was sent that an item carries, by the item's number."""
        self.lost_ms: list[int] = []
        """When the trades were sent that the broker gave up."""
        self.events: list[SessionEvent] = []

    def publish(self, events: list[SessionEvent]) -> None:
        for event in events:
            self.check(event)
            if event.kind is KINDS.RECORDS_LOST:
                self.since = dict.fromkeys(self.since, event.at_ms + 1)
        self.events += events
        self.handed += len(events)
        self.mark()

    def check(self, event: SessionEvent) -> None:
        kept = max([sent for items, sent in self.reached if items <= self.completed_prefix], default=0)
        assert event.seen_ms <= event.at_ms <= self.now
        for symbol, since_ms in event.symbols.items():
            if event.seen_ms > since_ms:
                since = self.dropped if event.kind is KINDS.UNSUBSCRIBED else self.since
                assert since_ms == since[symbol]
                assert event.seen_ms <= kept
                assert not any(since_ms <= lost_ms < event.seen_ms for lost_ms in self.lost_ms)

    def mark(self) -> None:
        if self.journal.is_due(self.now):
            self.publish(self.journal.mark(self.now, self.standing()))

    def standing(self) -> DeliveryProgress:
        return DeliveryProgress(total=self.handed, completed_prefix=self.completed_prefix, failed=self.failed)

    def happen(self, kind: FeedEventKind, symbols: tuple[str, ...] = ()) -> None:
        self.hear(FeedEvent(kind=kind, at_ms=self.now, symbols=symbols), self.now)

    def hear(self, event: FeedEvent, begun_ms: int) -> None:
        self.journal.read(begun_ms, event)
        self.publish(self.journal.happened(event, self.standing()))

    def wait(self, ms: int) -> None:
        self.now += ms

    def idle(self, ms: int) -> None:
        """Read for this long, as a loop that nothing blocks."""
        while ms > 0:
            self.now += min(ms, TIMEOUT_MS)
            ms -= TIMEOUT_MS
            self.read()

    def connect(self, symbols: tuple[str, ...] = SYMBOLS) -> None:
        if not self.connected:
            self.connected, self.cut = True, False
            self.wire.clear()
            self.reached = [(0, self.now)]
            self.happen(FeedEventKind.CONNECTED, symbols)
            self.subscribe(symbols)

    def subscribe(self, symbols: tuple[str, ...]) -> None:
        if self.connected and symbols:
            self.dropped = {symbol: since for symbol, since in self.since.items() if symbol not in symbols}
            self.since = {symbol: self.since.get(symbol, self.now) for symbol in symbols}
            self.happen(FeedEventKind.SUBSCRIBED, symbols)

    def send(self, symbol: str | None) -> None:
        if self.connected and not self.cut:
            self.wire.append((self.now, symbol))

    def read(self) -> None:
        """Read without waiting."""
        if self.wire:
            self.take(self.now, drained=False)
        else:
            self.journal.read(self.now, None)
            self.mark()

    def await_one(self, symbol: str | None, comes_ms: int, stands_still_ms: int) -> None:
        """Read, and wait if nothing is there; what comes then is seen by a process that may have stood still meanwhile."""
        begun_ms, drained = self.now, not self.wire
        self.wait(comes_ms)
        self.send(symbol)
        self.wait(stands_still_ms)
        if self.wire:
            self.take(begun_ms, drained=drained)
        else:
            self.journal.read(begun_ms, None)
            self.mark()

    def lag(self, frames: int, sent_every_ms: int, read_every_ms: int) -> None:
        """Read steadily, and slower than is sent."""
        read_at = self.now + read_every_ms
        for _ in range(frames):
            self.wait(sent_every_ms)
            self.send("AAPL")
            while read_at <= self.now:
                self.read()
                self.acknowledge(100)
                read_at += read_every_ms

    def take(self, begun_ms: int, *, drained: bool) -> None:
        sent, symbol = self.wire.popleft()
        if symbol is None:
            self.reached.append((self.handed, sent))
            self.hear(FeedEvent(kind=FeedEventKind.HEARTBEAT, at_ms=self.now, drained=drained), begun_ms)
            return
        self.journal.read(begun_ms, Frame(payload=b"", received_ms=self.now, drained=drained))
        self.handed += 1
        self.sent_ms[self.handed] = sent
        self.reached.append((self.handed, sent))
        self.journal.received([trade(symbol, sent)])
        self.mark()

    def acknowledge(self, items: int) -> None:
        self.completed_prefix = min(self.handed, self.completed_prefix + items)

    def give_up(self, items: int) -> None:
        """Let the broker give up the next items."""
        first = self.completed_prefix + 1
        self.acknowledge(items)
        given_up = range(first, self.completed_prefix + 1)
        self.failed += len(given_up)
        self.lost_ms += [self.sent_ms[number] for number in given_up if number in self.sent_ms]

    def have_refused(self, symbol: str) -> None:
        """Receive a trade that the broker gives up, and go on as if nothing was wrong."""
        self.await_one(symbol, 10, 0)
        self.acknowledge(self.handed - self.completed_prefix - 1)
        self.give_up(1)
        for _ in range(2):
            self.await_one(symbol, 10, 0)
        self.acknowledge(100)
        self.idle(UNTIL_ALIVE_MS)

    def lose(self, kind: FeedEventKind) -> None:
        """What was received before the loss is read before it."""
        if self.connected:
            while self.wire:
                self.read()
            self.happen(kind)
            self.connected, self.since = False, {}


actions = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 60_000)),
    st.tuples(st.just("idle"), st.integers(0, 20_000)),
    st.tuples(st.just("connect"), st.just(SYMBOLS)),
    st.tuples(st.just("subscribe"), st.lists(st.sampled_from(SYMBOLS), max_size=3, unique=True).map(tuple)),
    st.tuples(st.just("send"), st.sampled_from([*SYMBOLS, None])),
    st.tuples(st.just("read"), st.none()),
    st.tuples(
        st.just("await_one"), st.tuples(st.sampled_from([*SYMBOLS, None]), st.integers(0, 200), st.integers(0, 60_000))
    ),
    st.tuples(st.just("lag"), st.tuples(st.integers(1, 100), st.integers(1, 20), st.integers(1, 100))),
    st.tuples(st.just("acknowledge"), st.integers(0, 5)),
    st.tuples(st.just("give_up"), st.integers(1, 3)),
    st.tuples(st.just("have_refused"), st.sampled_from(SYMBOLS)),
    st.tuples(st.just("cut"), st.none()),
    st.tuples(st.just("lose"), st.sampled_from([FeedEventKind.SILENT, FeedEventKind.DISCONNECTED])),
    st.tuples(st.just("happen"), st.sampled_from([FeedEventKind.PROVIDER_ERROR, FeedEventKind.RATE_LIMITED])),
)


def spans(world: World, symbol: str = "AAPL") -> list[tuple[SessionEventKind, int | None, int]]:
    """Return the kind of each event, and the span that it claims for the symbol: None or its first millisecond, and its last."""
    return [(event.kind, event.symbols.get(symbol), event.seen_ms) for event in world.events]
