"""A recording as a feed, at any speed, by its own clock.

1. `received_ms` of a frame is the recording's clock: the newest valid timestamp in the frame, or the clock of the frame before it if it has
   none. So rules about age hold for a recording as they held on its day.
2. At speed N a frame is due when the recording's clock has advanced N times as far as real time since the first `read`. Speed None is as fast as
   possible.
3. Without subscribed symbols all trades are returned; otherwise only trades of those symbols, see `Frame.narrowed_to`.
4. A frame that was not due yet when `read` was called has `drained` set.
5. The recording ends with EndOfFeed. A file that is cut or damaged yields all frames before the damage, then FeedError. So does a file
   without a frame, which is more likely a mistake than a recording.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, TypeGuard

import attrs

from domain.feed import FeedEvent, FeedMessage, Frame
from ports.errors import EndOfFeed, FeedError

from .protocol import parse_message
from .recording import Recording

_LATEST_MS: Final = 4_102_444_800_000
"""2100-01-01: a timestamp after it is an error of its trade, not the recording's clock."""


class ReplayFeed:
    """A `ports.feed.Feed` of recorded frames. Tests pass a clock and a sleep of their own."""

    def __init__(
        self,
        path: Path | str,
        speed: float | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if speed is not None and not 0 < speed < math.inf:
            raise ValueError("speed: above 0, or None for as fast as read")
        self._speed = speed
        self._monotonic = monotonic
        self._sleep = sleep
        self._recording = Recording(Path(path))
        self._frames: Iterator[bytes] | None = None
        self._failure: FeedError | None = None
        self._symbols: frozenset[str] = frozenset()
        self._next: FeedMessage | None = None
        self._clock_ms = 0
        self._origin: tuple[float, int] | None = None
        """The time of the first frame, by our clock (s) and by the recording's (ms)."""

    def start(self) -> None:
        """Open the file. Raise FeedError with its path when it is missing or cannot be read."""
        if self._frames is None:
            self._recording.open()
            self._frames = self._recording.frames()

    def subscribe(self, symbols: Iterable[str]) -> None:
        """Return only trades of these symbols from now on; all trades without symbols."""
        self._symbols = frozenset(symbols)

    def read(self, timeout_s: float) -> FeedMessage | None:
        """Return the next frame when it is due, or None when that is later than the timeout (s). Raise EndOfFeed, or FeedError for a damaged file."""
        if self._failure is not None:
            raise self._failure
        if self._frames is None:
            raise FeedError("start the feed before reading from it")
        deadline = self._monotonic() + timeout_s
        while True:
            message = self._upcoming(self._frames)
            due = self._due()
            if due > max(deadline, self._monotonic()):
                self._sleep(max(deadline - self._monotonic(), 0.0))
                return None
            wait_s = due - self._monotonic()
            if wait_s > 0:
                self._sleep(wait_s)
                message = attrs.evolve(message, drained=True)
            self._next = None
            if not isinstance(message, Frame):
                return message
            narrowed = message.narrowed_to(self._symbols)
            if narrowed is not None:
                return narrowed

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        self._next = None
        self._recording.close()
        self._failure = self._failure or EndOfFeed("the feed is closed")

    def _upcoming(self, frames: Iterator[bytes]) -> FeedMessage:
        if self._next is None:
            try:
                payload = next(frames)
            except StopIteration:
                self._failure = EndOfFeed("the recording has ended")
                raise self._failure from None
            except FeedError as error:
                self._failure = error
                raise
            self._next = self._dated(parse_message(payload, self._clock_ms))
        return self._next

    def _dated(self, message: FeedMessage) -> FeedMessage:
        if isinstance(message, FeedEvent):
            return message
        stamps = (trade.timestamp_ms for trade in message.trades)
        self._clock_ms = max((stamp for stamp in stamps if _is_time(stamp)), default=self._clock_ms)
        return attrs.evolve(message, received_ms=self._clock_ms)

    def _due(self) -> float:
        if self._speed is None or not self._clock_ms:
            return -math.inf
        if self._origin is None:
            self._origin = (self._monotonic(), self._clock_ms)
        began, began_ms = self._origin
        return began + (self._clock_ms - began_ms) / 1000 / self._speed


def _is_time(stamp: object) -> TypeGuard[int]:
    return isinstance(stamp, int) and not isinstance(stamp, bool) and 0 < stamp < _LATEST_MS
