"""Whether a candle can still change, by event time, as the windowing decides it."""

import enum

from .candle import Candle


class CandleState(enum.StrEnum):
    """How far a candle is from its last change. Only a reconciliation corrects a final one."""

    FORMING = "forming"
    """Its window is not over."""
    SETTLING = "settling"
    """Its window is over, and late trades may still change it."""
    FINAL = "final"
    """A trade that comes now is too late for it."""


def candle_state(candle: Candle, *, newest_event_ms: int | None, lateness_ms: int) -> CandleState:
    """Return the state of a candle, given the newest event time seen (ms since the epoch; None before the first trade)."""
    if newest_event_ms is None or newest_event_ms < candle.window_end_ms:
        return CandleState.FORMING
    return CandleState.SETTLING if newest_event_ms - lateness_ms < candle.window_end_ms else CandleState.FINAL
