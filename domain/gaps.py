"""From the events of sessions to what was seen of a symbol, to gaps, and to a status for each candle. Pure, and free of order.

1. What was seen is the union of the spans that events make, of all producers together: several may cover the same symbol, and one is enough.
   So it does not matter in which order events come or how often, and one that is lost can hide what was seen, never a gap.
2. A session that has told no end, and whose last sign of life is not older than `patience_ms`, is taken to go on until now. What it tells later,
   or never tells, may correct that.
3. A trade reaches us some time after it was stamped. So of the last `delay_ms` before the end of a span nothing is known, as the trades of then
   may still have been on their way.
4. All spans are half-open, in milliseconds since the epoch.
"""

import enum
from collections.abc import Iterable, Sequence
from typing import Final

from .session import ENDS, HOUR_MS, CoverageSpan, SessionEvent

PATIENCE_MS: Final = 30_000
"""A sign of life comes every few seconds, and takes some seconds more to be stored."""
DELAY_MS: Final = 1_000
LOOK_AHEAD_MS: Final = HOUR_MS + 120_000
"""How long after the end of a span to read events that cover it. Only the last heartbeat of an hour is kept. A heartbeat whose spans restarted since, as
after a change of symbols, no longer covers the time before; an event of the same hour does. The 2 minutes are for producers that were delayed."""

Spans = Sequence[CoverageSpan]
"""Spans in order, none empty, none touching the next."""


class CandleStatus(enum.StrEnum):
    """What is known of a window beside its trades."""

    COMPLETE = "complete"
    """The symbol was received during all of the window."""
    PARTIAL = "partial"
    """A gap overlaps the window: trades may be missing."""
    NO_TRADES = "no_trades"
    """It was received all the time, and there was no trade: a quiet market."""
    NOT_CONNECTED = "not_connected"
    """Nobody received it: whether there were trades is not known."""


def covered_spans(
    events: Iterable[SessionEvent],
    symbol: str,
    *,
    now_ms: int | None = None,
    patience_ms: int = PATIENCE_MS,
    delay_ms: int = DELAY_MS,
) -> Spans:
    """Give the spans of event time in which no trade of the symbol can have been missed; without `now_ms` every session counts as ended."""
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
            if not is_over and now_ms - at_ms <= patience_ms:
                spans.append(CoverageSpan(start_ms, now_ms))
    return union(spans)


def union(spans: Iterable[CoverageSpan]) -> Spans:
    """Give what at least one of the spans holds, as spans in order."""
    merged: list[CoverageSpan] = []
    for start_ms, end_ms in sorted(spans):
        if end_ms <= start_ms:
            continue
        if merged and start_ms <= merged[-1].end_ms:
            merged[-1] = CoverageSpan(merged[-1].start_ms, max(merged[-1].end_ms, end_ms))
        else:
            merged.append(CoverageSpan(start_ms, end_ms))
    return merged


def gaps(seen_spans: Spans, start_ms: int, end_ms: int) -> Spans:
    """Give the spans within [start_ms, end_ms) that were not seen."""
    missing: list[CoverageSpan] = []
    for span in seen_spans:
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


def status(seen_spans: Spans, start_ms: int, end_ms: int, *, trades: int) -> CandleStatus:
    """Judge the window [start_ms, end_ms) with so many trades, price updates included. Of one that lasts, ask with the present as its end."""
    missing = sum(gap.end_ms - gap.start_ms for gap in gaps(seen_spans, start_ms, end_ms))
    if not missing:
        return CandleStatus.COMPLETE if trades else CandleStatus.NO_TRADES
    if not trades and missing == end_ms - start_ms:
        return CandleStatus.NOT_CONNECTED
    return CandleStatus.PARTIAL
