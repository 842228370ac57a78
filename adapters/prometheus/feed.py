"""Measure a feed: what it receives, and the state of its connection."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from domain.feed import FeedEvent, FeedEventKind, FeedMessage, Frame
from ports.errors import EndOfFeed
from ports.feed import Feed

_HEARD: Final = frozenset({FeedEventKind.HEARTBEAT, FeedEventKind.PROVIDER_ERROR, FeedEventKind.OTHER_MESSAGE})
"""Events that the server sent; the others come from this side."""


_COUNTED: Final = {
    FeedEventKind.CONNECTED: ("connects", "Connections opened"),
    FeedEventKind.DISCONNECTED: ("disconnects", "Lost connections and failed attempts"),
    FeedEventKind.SILENT: ("silences", "Connections closed because no data arrived"),
    FeedEventKind.RATE_LIMITED: ("rate_limited", "Attempts rejected with HTTP 429"),
    FeedEventKind.PROVIDER_ERROR: ("provider_errors", "Errors reported by the provider"),
}

IsMarketOpen = Callable[[Collection[str], int], bool]
"""Returns whether the market of one of the symbols is open at a moment, in milliseconds since the epoch, UTC."""


class MeasuredFeed:
    """A `ports.feed.Feed` that measures another one. It is read by one thread; any thread may read its counts."""

    def __init__(
        self,
        feed: Feed,
        registry: CollectorRegistry,
        *,
        is_market_open: IsMarketOpen | None = None,
        now_s: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Measure a feed; with `is_market_open`, also whether trades are to be expected of it now."""
        self._feed = feed
        self._is_market_open = is_market_open
        self._symbols: tuple[str, ...] = ()
        self._now_s = now_s
        self._monotonic = monotonic
        self._read_at = monotonic()
        self.connected = False
        """Whether the connection is open. A feed without a connection counts as connected from its first frame to its end."""

        self._frames = 0
        self._events = dict.fromkeys(_COUNTED, 0)
        self._last_frame_s = now_s()
        registry.register(self)

    @property
    def seconds_since_read(self) -> float:
        """The time since the last call of `read` (s): how long the reading loop has been blocked."""
        return self._monotonic() - self._read_at

    def start(self) -> None:
        """Begin."""
        self._feed.start()

    def subscribe(self, symbols: Iterable[str]) -> None:
        """Receive these symbols and no others."""
        self._symbols = tuple(symbols)
        self._feed.subscribe(self._symbols)

    def read(self, timeout_s: float) -> FeedMessage | None:
        """Return the next message, or None when none came in time."""
        self._read_at = self._monotonic()
        try:
            message = self._feed.read(timeout_s)
        except EndOfFeed:
            self.connected = False
            raise
        if isinstance(message, Frame):
            self.connected = True
            self._frames += 1
            self._last_frame_s = self._now_s()
        elif message is not None:
            self._note(message)
        return message

    def close(self) -> None:
        """Stop."""
        self.connected = False
        self._feed.close()

    def _note(self, event: FeedEvent) -> None:
        kind = event.kind
        if kind in self._events:
            self._events[kind] += 1
        if kind in _HEARD:
            self._last_frame_s = self._now_s()
        if kind is FeedEventKind.CONNECTED:
            self.connected = True
        elif kind is FeedEventKind.DISCONNECTED:
            self.connected = False

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics for a scrape."""
        yield CounterMetricFamily("tapeline_feed_frames", "Frames with trades, and malformed frames", self._frames)
        for kind, (name, text) in _COUNTED.items():
            yield CounterMetricFamily(f"tapeline_feed_{name}", text, self._events[kind])
        yield GaugeMetricFamily(
            "tapeline_feed_last_frame_timestamp_seconds",
            "Time of the last received frame, including heartbeats",
            self._last_frame_s,
        )
        yield GaugeMetricFamily("tapeline_feed_connected", "1 while connected", float(self.connected))
        if self._is_market_open is not None and self._symbols:
            yield GaugeMetricFamily(
                "tapeline_feed_market_open",
                "1 while the market of a subscribed symbol is open, by its calendar",
                float(self._is_market_open(self._symbols, round(self._now_s() * 1000))),
            )
