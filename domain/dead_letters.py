"""The dead-letter topic as a list that can be searched and replayed. Pure.

1. A dead letter is identified by its place on the topic, `partition/offset`.
2. A replay writes a mark for each letter that it has processed, on the same topic: the letter's place, the number of the attempt, and the outcome.
   A letter with an accepted mark is done. Letters without one are open.
3. A replayed trade carries the number of its attempt in a record header. When a later stage rejects the trade again, the new letter continues
   that count. So no letter goes round in circles: at `max_attempts` it stays where it is.
"""

import enum
from collections.abc import Iterable, Mapping
from typing import Final, Self

import attrs

from .record import TopicRecord
from .rejection import DeadLetter, Reason
from .trade import Trade

ATTEMPT_HEADER: Final = "replay_attempt"
_MARK_HEADER: Final = "replay_of"
_OUTCOME_HEADER: Final = "replay_outcome"
_MAX_ATTEMPT_DIGITS: Final = 9
"""A longer number is no count of ours, and Python makes no int of thousands of digits."""

DEFAULT_MAX_ATTEMPTS: Final = 3


class ReplayOutcome(enum.StrEnum):
    """What a replay made of a letter."""

    ACCEPTED = "accepted"
    """Its trades were published."""
    REJECTED = "rejected"
    """It breaks a rule still."""


@attrs.frozen(kw_only=True)
class ReplayedTrade:
    """A trade out of a dead letter, on its way to the trades topic."""

    trade: Trade
    attempt: int

    def headers(self) -> dict[str, bytes]:
        """Return the headers of its record."""
        return {ATTEMPT_HEADER: str(self.attempt).encode()}


@attrs.frozen(kw_only=True)
class ReplayMark:
    """The note that a letter was replayed."""

    place: str
    """The letter's `partition/offset`."""
    attempt: int
    outcome: ReplayOutcome

    def headers(self) -> dict[str, bytes]:
        """Return the headers of its record, which has no value."""
        return {
            _MARK_HEADER: self.place.encode(),
            ATTEMPT_HEADER: str(self.attempt).encode(),
            _OUTCOME_HEADER: self.outcome.encode(),
        }

    @classmethod
    def from_headers(cls, headers: Mapping[str, bytes]) -> Self:
        """Read what `headers` wrote. Raise ValueError or KeyError for anything else."""
        return cls(
            place=headers[_MARK_HEADER].decode(),
            attempt=int(headers[ATTEMPT_HEADER]),
            outcome=ReplayOutcome(headers[_OUTCOME_HEADER].decode()),
        )


@attrs.frozen(kw_only=True)
class StoredLetter:
    """A dead letter on its topic, and its replays so far."""

    place: str
    appended_ms: int
    """When it was appended, by the broker's clock, in milliseconds since the epoch, UTC."""
    letter: DeadLetter
    attempts: int = 0
    is_replayed: bool = False
    """Whether a replay has published its trades."""


@attrs.frozen(kw_only=True)
class LetterFilter:
    """Which letters to list or to replay; an empty filter matches all that are open."""

    reasons: frozenset[Reason] = frozenset()
    source: str = ""
    """The beginning of the source, such as `finnhub` or `trades/0/`."""
    from_ms: int | None = None
    to_ms: int | None = None
    """Rejected before this moment."""
    include_replayed: bool = False

    def matches(self, stored: StoredLetter) -> bool:
        """Return whether a letter is one of those."""
        letter = stored.letter
        return (
            (not self.reasons or letter.rejection.reason in self.reasons)
            and letter.source.startswith(self.source)
            and (self.from_ms is None or letter.rejected_ms >= self.from_ms)
            and (self.to_ms is None or letter.rejected_ms < self.to_ms)
            and (self.include_replayed or not stored.is_replayed)
        )


def place_of(record: TopicRecord) -> str:
    """Return the place of a record within its topic."""
    return f"{record.partition}/{record.offset}"


def attempts_of(record: TopicRecord) -> int:
    """Return the number of replays behind a record; 0 when it carries none that can be read."""
    written = dict(record.headers).get(ATTEMPT_HEADER, b"")
    return int(written) if written.isdigit() and len(written) <= _MAX_ATTEMPT_DIGITS else 0


def stored_letters(records: Iterable[TopicRecord]) -> list[StoredLetter]:
    """Return the letters among the records of the dead-letter topic, each with its marks, oldest first.

    Records that are neither letter nor mark are left out.
    """
    letters: dict[str, StoredLetter] = {}
    marks: list[ReplayMark] = []
    for record in records:
        headers = dict(record.headers)
        try:
            if _MARK_HEADER in headers:
                marks.append(ReplayMark.from_headers(headers))
                continue
            letter = DeadLetter.from_headers(record.value, headers)
        except (KeyError, ValueError):
            continue
        place = place_of(record)
        letters[place] = StoredLetter(place=place, appended_ms=record.appended_ms, letter=letter)
    for mark in marks:
        known = letters.get(mark.place)
        if known is not None:
            letters[mark.place] = attrs.evolve(
                known,
                attempts=max(known.attempts, mark.attempt),
                is_replayed=known.is_replayed or mark.outcome is ReplayOutcome.ACCEPTED,
            )
    return sorted(letters.values(), key=lambda stored: (stored.letter.rejected_ms, stored.appended_ms, stored.place))
