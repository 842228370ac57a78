"""From session events to the coverage of a symbol, to gaps, and to a status for each candle. Pure, and independent of the order of events.

1. The coverage is the union of the spans that events claim, over all producers: several may cover the same symbol, and one is enough. So the order
   and the repetition of events change nothing, and a lost event can hide coverage, never a gap.
2. A session without an end, whose last heartbeat is not older than `heartbeat_timeout_ms`, counts as covered until now. Later events, or their
   absence, may correct that.
3. A trade arrives some time after its timestamp. So the last `delay_ms` of a span do not count: trades of that time may still have been in flight.
4. All spans are half-open, in milliseconds since the epoch.
"""

import enum
from collections.abc import Iterable, Sequence
from typing import Final

from .session import ENDS, HOUR_MS, CoverageSpan, SessionEvent

HEARTBEAT_TIMEOUT_MS: Final = 30_000
"""A heartbeat comes every few seconds, and takes some seconds more to be stored."""
DELAY_MS: Final = 1_000
LOOK_AHEAD_MS: Final = HOUR_MS + 120_000
"""How long after the end of a span to read events that cover it. Only the last heartbeat of an hour is kept. A heartbeat whose spans restarted since, as
after a change of symbols, no longer covers the time before; an event of the same hour does. The 2 minutes are for producers that were delayed."""

Spans = Sequence[CoverageSpan]
"""Spans in ascending order: none is empty, and none touches the next."""


class CandleStatus(enum.StrEnum):
    """What the coverage says about a window."""

    COMPLETE = "complete"
    """The symbol was received during all of the window."""
    PARTIAL = "partial"
    """A gap overlaps the window: trades may be missing."""
    NO_TRADES = "no_trades"
    """The symbol was received during all of the window, and there was no trade: a quiet market."""
    NOT_CONNECTED = "not_connected"
    """No producer received the symbol: whether there were trades is unknown."""


def covered_spans(
    events: Iterable[SessionEvent],
    symbol: str,
    *,
    now_ms: int | None = None,
    heartbeat_timeout_ms: int = HEARTBEAT_TIMEOUT_MS,
    delay_ms: int = DELAY_MS,
) -> Spans:
    """Return the spans of event time in which no trade of the symbol can have been missed. Without `now_ms` every session counts as ended."""
    spans: list[CoverageSpan] = []
    last: dict[tuple[str, str], tuple[int, int]] = {}
    ended: dict[tuple[str, str], int] = {}
    for event in events:
        span = event.covered_span(symbol)
        if span is None:
            continue
        spans.append(CoverageSpan(span.start_ms, span.end_ms - delay_ms))
        session = (event.instance, event.session)
        if event.kind in ENDS:
            ended[session] = max(ended.get(session, event.at_ms), event.at_ms)
        else:
            last[session] = max(last.get(session, (event.at_ms, span.start_ms)), (event.at_ms, span.start_ms))
    if now_ms is not None:
        for session, (at_ms, start_ms) in last.items():
            is_over = session in ended and ended[session] >= at_ms
            if not is_over and now_ms - at_ms <= heartbeat_timeout_ms:
                spans.append(CoverageSpan(start_ms, now_ms))
    return union(spans)


def union(spans: Iterable[CoverageSpan]) -> Spans:
    """Return the union of the spans, in ascending order."""
    merged: list[CoverageSpan] = []
    for start_ms, end_ms in sorted(spans):
        if end_ms <= start_ms:
            continue
        if merged and start_ms <= merged[-1].end_ms:
            merged[-1] = CoverageSpan(merged[-1].start_ms, max(merged[-1].end_ms, end_ms))
        else:
            merged.append(CoverageSpan(start_ms, end_ms))
    return merged


def gaps(covered: Spans, start_ms: int, end_ms: int) -> Spans:
    """Return the spans within [start_ms, end_ms) that are not covered."""
    missing: list[CoverageSpan] = []
    for span in covered:
        if span.end_ms <= start_ms:
            continue
        if span.start_ms >= end_ms:
            break
        if span.start_ms > start_ms:
            missing.append(CoverageSpan(start_ms, span.start_ms))
        start_ms = span.end_ms
    if start_ms < end_ms:
        missing.append(CoverageSpan(start_ms, end_ms))
    return missing


def status(covered: Spans, start_ms: int, end_ms: int, *, trades: int) -> CandleStatus:
    """Return the status of the window [start_ms, end_ms) with this number of trades, price updates included. For an open window, pass now as its end."""
    missing = sum(gap.end_ms - gap.start_ms for gap in gaps(covered, start_ms, end_ms))
    if not missing:
        return CandleStatus.COMPLETE if trades else CandleStatus.NO_TRADES
    if not trades and missing == end_ms - start_ms:
        return CandleStatus.NOT_CONNECTED
    return CandleStatus.PARTIAL
