"""The contents of a recording, summed up by reading it once: its symbols, its span of time, its valid trades."""

from collections.abc import Iterable

import attrs

from domain.feed import Frame
from ports.errors import EndOfFeed
from ports.feed import Feed
from ports.intake import FrameIntake


@attrs.frozen(kw_only=True)
class Recording:
    """The valid trades of a recording; times in milliseconds since the epoch, UTC."""

    symbols: tuple[str, ...]
    first_ms: int
    last_ms: int
    trades: int


def summarize_recording(feed: Feed, intake: FrameIntake, symbols: Iterable[str]) -> Recording:
    """Read a finite feed to its end and close it. Raise FeedError if it cannot be read."""
    found: set[str] = set()
    first_ms = last_ms = trades = 0
    feed.subscribe(symbols)
    feed.start()
    try:
        while True:
            message = feed.read(0)
            if not isinstance(message, Frame):
                continue
            for trade in intake.accept(message).trades:
                found.add(trade.symbol)
                first_ms = min(first_ms, trade.timestamp_ms) if trades else trade.timestamp_ms
                last_ms = max(last_ms, trade.timestamp_ms)
                trades += 1
    except EndOfFeed:
        return Recording(symbols=tuple(sorted(found)), first_ms=first_ms, last_ms=last_ms, trades=trades)
    finally:
        feed.close()
