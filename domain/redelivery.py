"""Trades that a feed delivered twice, counted from the events of its sessions.

The intake drops such trades, so no trade tells of them. The producer reports their number with its next heartbeat. A producer that is killed before that
loses the count of a few seconds: the sum is then too low, never too high.
"""

from collections.abc import Iterable

from .session import SessionEvent, SessionEventKind


def redelivered_trades(events: Iterable[SessionEvent], start_ms: int, end_ms: int) -> int:
    """Return how many trades of one symbol came twice, by its events in [start_ms, end_ms). The order and the repetition of events change nothing."""
    counts = {
        (event.instance, event.session, event.at_ms): event.redelivered
        for event in events
        if event.kind is SessionEventKind.REDELIVERED and start_ms <= event.at_ms < end_ms
    }
    return sum(counts.values())
