"""Restatements: changes of a candle after its window was closed, and what was known of a candle at an earlier moment.

1. A version of a candle is known from the moment at which the broker has appended the last of its trades; a correction, from the beginning of the
   reconciliation. So a version and its moment are the same in each replay. The versions of an open window replace each other without a trace: a
   forming candle changes with each trade.
2. A window is closed when the newest trade before the present batch is past its end by `CLOSING_GRACE_MS`. This depends on event times only, so a
   replay of a batch, or of a recording at any speed, restates the same candles.
3. A change of a closed window is a restatement. Both versions are kept as revisions: the one that was replaced and the new one. A candle that first
   appears after its window was closed is a restatement of nothing.
4. As of a moment, the current candle counts if it was known then, otherwise the latest revision that was. So as of now is the current candle.
"""

import enum
from collections.abc import Iterable
from typing import Final, Self

import attrs

from .candle import Candle

CLOSING_GRACE_MS: Final = 5_000
"""How far the newest trade must be past the end of a window. Trades of several symbols do not arrive in the order of their event times."""


class RevisionReason(enum.StrEnum):
    """Why a candle of a closed window changed."""

    LATE_TRADES = "late_trades"
    """Trades arrived after the window was closed and within the allowed lateness."""
    RECONCILE = "reconcile"
    """A reconciliation corrected the candle."""


@attrs.frozen(kw_only=True)
class CandleVersion:
    """A candle as it was known from one moment until the next version."""

    candle: Candle
    known_at_ms: int
    """Milliseconds since the epoch, by the clock of the broker or of the reconciliation."""
    reason: RevisionReason | None = None
    """Why it replaced another version of a closed window; None for a version of an open window."""

    @classmethod
    def of(cls, candle: Candle, known_at_ms: int | None, reason: RevisionReason | None = None) -> Self:
        """Make a version. Where no moment is on record, a candle counts as known from the end of its window."""
        at_ms = candle.window_end_ms if known_at_ms is None else known_at_ms
        return cls(candle=candle, known_at_ms=at_ms, reason=reason)


def closed_until_ms(*, watermark_ms: int, allowed_lateness_ms: int) -> int:
    """Return the moment at or before which closed windows end. The watermark is that of the batch: the newest trade before it minus the lateness."""
    return watermark_ms + allowed_lateness_ms - CLOSING_GRACE_MS


def kept_revisions(before: CandleVersion | None, after: CandleVersion) -> list[CandleVersion]:
    """Return the revisions to keep when `after` replaces `before`: none for an open window.

    A version that is not older than its successor is the successor itself, written before a crash, so it is not kept twice.
    """
    if after.reason is None:
        return []
    if before is None or before.known_at_ms >= after.known_at_ms:
        return [after]
    return [before, after]


def candle_as_of(current: CandleVersion, revisions: Iterable[CandleVersion], as_of_ms: int) -> Candle | None:
    """Return what was known of a candle at a moment; None if it was not known yet, or was still forming."""
    if current.known_at_ms <= as_of_ms:
        return current.candle
    known = [revision for revision in revisions if revision.known_at_ms <= as_of_ms]
    return max(known, key=lambda revision: revision.known_at_ms).candle if known else None
