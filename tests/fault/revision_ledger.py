"""The ledger of restatements: the topic and the plans of Spark's micro-batches against `candle_revisions` and the moments of the candles.

The plans say which records each batch folded, and with which watermark. So the rows that must be stored can be computed here, neither more nor fewer:

1. The moment of each candle is the time at which the broker appended the last of its trades.
2. A batch that changes a candle whose window ended 5 seconds or more before the newest trade of all earlier batches leaves two versions, each with its
   own moment: the one before, if there was one, and the one after.

Nothing here uses the domain's candles, windows or restatements.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from domain.record import TopicRecord
from tests.support.aggregators import Plan, RevisionRow, Site
from tests.support.twins import CandleRow

from .stored_ledger import WINDOW_MS, fold, is_rejected

LATENESS_MS = 60_000
GRACE_MS = 5_000

Window = tuple[str, int]


def check_revisions(site: Site) -> int:
    """Compare the revisions with those that the plans demand, and return their number; every difference fails."""
    expected, known_at = expected_revisions(site.trades(), site.plans())
    stored = site.stored_revisions()
    keys, stored_keys = ({(row.candle[:3], row.known_at_ms) for row in rows} for rows in (expected, stored))
    assert (sorted(keys - stored_keys)[:3], sorted(stored_keys - keys)[:3]) == ([], []), (
        "missing and unfounded revisions"
    )
    assert stored == expected
    assert site.known_at() == known_at
    return len(stored)


def expected_revisions(
    records: Sequence[TopicRecord], plans: Sequence[Plan]
) -> tuple[list[RevisionRow], dict[Window, int]]:
    """Return the revisions of these batches, and the moment from which each candle is known."""
    folded: dict[Window, list[dict[str, Any]]] = defaultdict(list)
    known_at: dict[Window, int] = {}
    revisions: dict[tuple[Window, int], RevisionRow] = {}
    for plan, batch in _batches(records, plans):
        changed: dict[Window, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
        for appended_ms, row in batch:
            start_ms = row["timestamp_ms"] // WINDOW_MS * WINDOW_MS
            if start_ms + WINDOW_MS > plan.watermark_ms:
                changed[row["symbol"], start_ms].append((appended_ms, row))
        for window, rows in changed.items():
            before, before_ms = folded[window].copy(), known_at.get(window, 0)
            folded[window] += (row for _, row in rows)
            known_at[window] = max(before_ms, *(appended_ms for appended_ms, _ in rows))
            if window[1] + WINDOW_MS <= plan.watermark_ms + LATENESS_MS - GRACE_MS:
                if before and before_ms < known_at[window]:
                    revisions.setdefault((window, before_ms), RevisionRow(_candle(before), before_ms, None))
                after = RevisionRow(_candle(folded[window]), known_at[window], "late_trades")
                revisions[window, known_at[window]] = after
    return sorted(revisions.values()), known_at


def _batches(
    records: Sequence[TopicRecord], plans: Sequence[Plan]
) -> Iterator[tuple[Plan, list[tuple[int, dict[str, Any]]]]]:
    """Yield the valid records of each batch, with the times at which they were appended."""
    ends: dict[int, int] = {}
    for plan in plans:
        yield (
            plan,
            [
                (record.appended_ms, json.loads(record.value, parse_float=Decimal))
                for record in records
                if ends.get(record.partition, 0) <= record.offset < plan.ends.get(record.partition, 0)
                and not is_rejected(record)
            ],
        )
        ends = plan.ends


def _candle(rows: list[dict[str, Any]]) -> CandleRow:
    [candle] = fold(rows)
    return candle
