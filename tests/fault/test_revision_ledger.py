"""The ledger of restatements notices what it is for: each wrong way of keeping revisions fails. Without servers."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from domain.candle_revision import CandleVersion, RevisionReason, kept_revisions
from domain.record import TopicRecord, encode
from domain.window import MINUTE_MS
from domain.windower import Windower
from tests.support.aggregators import Plan, RevisionRow
from tests.support.twins import CandleRow

from .revision_ledger import LATENESS_MS, Window, check_revisions
from .tape import RESTATING_DELAYS_MS, Tape

BATCH = 50
PARTITIONS = 2
TAPE = Tape(seed=3, begin_ms=1_700_000_000_000, delays_ms=RESTATING_DELAYS_MS)
TRADES = TAPE.trades(2_000)


@attrs.define
class Dumps:
    """What a site's topic, checkpoint and tables would hold."""

    records: list[TopicRecord]
    batches: list[Plan]
    revisions: list[RevisionRow]
    moments: dict[Window, int]

    def trades(self) -> list[TopicRecord]:
        return self.records

    def plans(self) -> list[Plan]:
        return self.batches

    def stored_revisions(self) -> list[RevisionRow]:
        return sorted(self.revisions)

    def known_at(self) -> dict[Window, int]:
        return self.moments


def right() -> Dumps:
    """Return what the domain's windower and restatements make of the tape, in batches of some trades."""
    windower = Windower(window_ms=MINUTE_MS, allowed_lateness_ms=LATENESS_MS)
    records: list[TopicRecord] = []
    plans: list[Plan] = []
    current: dict[Window, CandleVersion] = {}
    revisions: dict[tuple[Window, int], RevisionRow] = {}
    ends = dict.fromkeys(range(PARTITIONS), 0)
    for first in range(0, len(TRADES), BATCH):
        appended_at: dict[Window, int] = {}
        for place, trade in enumerate(TRADES[first : first + BATCH], first):
            partition = len(trade.symbol) % PARTITIONS
            records.append(
                TopicRecord(
                    topic="t", partition=partition, offset=ends[partition], key=None, value=encode(trade), appended_ms=TAPE.now_ms + place
                )
            )  # fmt: skip
            ends[partition] += 1
            windower.add(trade)
            appended_at[trade.symbol, trade.timestamp_ms // MINUTE_MS * MINUTE_MS] = TAPE.now_ms + place
        plans.append(Plan({**ends}, windower.watermark_ms or 0))
        for candle in windower.take_changed():
            window = (candle.symbol, candle.window_start_ms)
            reason = RevisionReason.LATE_TRADES if windower.is_closed(candle) else None
            version = CandleVersion(candle=candle, known_at_ms=appended_at[window], reason=reason)
            for kept in kept_revisions(current.get(window), version):
                row = RevisionRow(CandleRow.of(kept.candle), kept.known_at_ms, kept.reason and str(kept.reason))
                revisions[window, kept.known_at_ms] = row
            current[window] = version
        windower.advance()
    known_at = {window: version.known_at_ms for window, version in current.items()}
    return Dumps(records, plans, [*revisions.values()], known_at)


def check(dumps: Dumps) -> int:
    return check_revisions(dumps)  # type: ignore[arg-type]


def first_with(dumps: Dumps, reason: str | None) -> int:
    return next(place for place, row in enumerate(dumps.revisions) if row.reason == reason)


def lose_the_version_before(dumps: Dumps) -> None:
    del dumps.revisions[first_with(dumps, None)]


def lose_a_restatement(dumps: Dumps) -> None:
    del dumps.revisions[first_with(dumps, "late_trades")]


def keep_a_value_of_another_version(dumps: Dumps) -> None:
    before, after = first_with(dumps, None), first_with(dumps, "late_trades")
    dumps.revisions[before] = dumps.revisions[before]._replace(candle=dumps.revisions[after].candle)


def restate_again_after_a_crash(dumps: Dumps) -> None:
    place = first_with(dumps, "late_trades")
    again = dumps.revisions[place]
    dumps.revisions.append(again._replace(known_at_ms=again.known_at_ms + 10_000))


def mistake_a_replayed_version_for_the_one_before(dumps: Dumps) -> None:
    place = first_with(dumps, "late_trades")
    dumps.revisions[place] = dumps.revisions[place]._replace(reason=None)


def keep_a_version_of_an_open_window(dumps: Dumps) -> None:
    row = dumps.revisions[0]
    opened = row.candle._replace(window_start_ms=max(start_ms for _, start_ms in dumps.moments))
    dumps.revisions.append(row._replace(candle=opened))


def date_a_candle_by_an_earlier_batch(dumps: Dumps) -> None:
    window = next(iter(dumps.moments))
    dumps.moments = {**dumps.moments, window: dumps.moments[window] - 1}


def test_what_is_right_passes() -> None:
    assert check(right()) > 10
    assert {row.reason for row in right().revisions} == {None, "late_trades"}


@pytest.mark.parametrize(
    "corrupt",
    [
        lose_the_version_before,
        lose_a_restatement,
        keep_a_value_of_another_version,
        restate_again_after_a_crash,
        mistake_a_replayed_version_for_the_one_before,
        keep_a_version_of_an_open_window,
        date_a_candle_by_an_earlier_batch,
    ],
    ids=lambda corrupt: corrupt.__name__,
)
def test_what_is_wrong_fails(corrupt: Callable[[Dumps], None]) -> None:
    dumps = right()
    corrupt(dumps)
    with pytest.raises(AssertionError):
        check(dumps)
