"""What is in a recording, told by reading it through once: its symbols and its span of time."""

from pathlib import Path

import attrs

from adapters.finnhub.replay import ReplayFeed
from domain.feed import Frame
from domain.intake import Intake
from domain.rules import Rules
from ports.errors import EndOfFeed


@attrs.frozen(kw_only=True)
class Recording:
    """The valid trades of a recording, summed up; times in milliseconds since the epoch, UTC."""

    symbols: tuple[str, ...]
    first_ms: int
    last_ms: int
    trades: int


def scan_recording(path: Path, *, symbols: tuple[str, ...], rules: Rules) -> Recording:
    """Read a recording through. Raises FeedError when it cannot be read."""
    feed, intake = ReplayFeed(path, speed=None), Intake(source="scan", rules=rules)
    feed.subscribe(symbols)
    seen: set[str] = set()
    first_ms = last_ms = trades = 0
    feed.start()
    try:
        while True:
            message = feed.read(0)
            if not isinstance(message, Frame):
                continue
            for trade in intake.accept(message).trades:
                seen.add(trade.symbol)
                first_ms = min(first_ms, trade.timestamp_ms) if trades else trade.timestamp_ms
                last_ms = max(last_ms, trade.timestamp_ms)
                trades += 1
    except EndOfFeed:
        return Recording(symbols=tuple(sorted(seen)), first_ms=first_ms, last_ms=last_ms, trades=trades)
    finally:
        feed.close()
