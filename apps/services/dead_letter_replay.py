"""Dead letters listed, and replayed through the intake, so that a replayed trade gets its identity as any other.

1. What a feed sent is decoded and goes through the intake again. What a later stage rejected is a record of a topic; it keeps the identity that it has.
2. The rules of the replay decide: a letter that breaks one of them stays a dead letter, and counts as an attempt.
3. Trades are published and acknowledged before the marks. A replay that is killed in between publishes the same trades again the next time:
   with the same identities, so raw trades are stored once. Candles of the stream count such a trade twice until `tapeline reconcile`.
4. The letters of a run go through one intake in the order of their rejection, so equal trades of a millisecond get numbers of their own.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import attrs

from domain.dead_letters import (
    LetterFilter,
    ReplayedTrade,
    ReplayMark,
    ReplayOutcome,
    StoredLetter,
    attempts_of,
    stored_letters,
)
from domain.feed import FeedMessage, Frame
from domain.identity import TradeNumbering
from domain.intake import Intake
from domain.record import decode
from domain.rejection import Rejection
from domain.rules import Rules
from domain.trade import Trade
from ports.errors import BrokerError
from ports.publisher import Publisher
from ports.topic_reader import TopicReader

_FRAME_OF_ONE: Final = b'{"data":[%b],"type":"trade"}'


class DecodeFrame(Protocol):
    """Decodes the bytes of a feed's frame, received at a moment (ms since the epoch). Never raises."""

    def __call__(self, payload: bytes, received_ms: int) -> FeedMessage: ...  # noqa: D102 - the class says it


@attrs.define(kw_only=True)
class ReplayReport:
    """What a replay did, or would do."""

    letters: int = 0
    accepted: int = 0
    trades: int = 0
    exhausted: int = 0
    """Letters that were left alone because they had `max_attempts` replays."""
    rejected: Counter[str] = attrs.field(factory=Counter)
    """Letters that were rejected again, by reason."""


class DeadLetterReplay:
    """Lists and replays the letters of one dead-letter topic."""

    def __init__(
        self,
        *,
        reader: TopicReader,
        publisher: Publisher,
        decode_frame: DecodeFrame,
        topic: str,
        rules: Rules,
        max_attempts: int,
        flush_timeout_s: float = 60.0,
    ) -> None:
        self._reader = reader
        self._publisher = publisher
        self._decode_frame = decode_frame
        self._topic = topic
        self._rules = rules
        self._max_attempts = max_attempts
        self._flush_timeout_s = flush_timeout_s

    def find(self, wanted: LetterFilter) -> Sequence[StoredLetter]:
        """Return the letters that match, oldest first. Raise BrokerError."""
        return [stored for stored in stored_letters(self._reader.read(self._topic)) if wanted.matches(stored)]

    def replay(self, letters: Sequence[StoredLetter], *, dry_run: bool = False) -> ReplayReport:
        """Publish the trades of letters that pass the rules now, and mark the letters; with `dry_run`, publish nothing. Raise BrokerError."""
        report = ReplayReport(letters=len(letters))
        read = self._reading()
        marks: list[ReplayMark] = []
        for stored in letters:
            attempt = max(stored.attempts, self._attempts_before(stored.letter.source)) + 1
            if attempt > self._max_attempts:
                report.exhausted += 1
                continue
            outcome = read(stored)
            if isinstance(outcome, Rejection):
                report.rejected[str(outcome.reason)] += 1
                marks.append(ReplayMark(place=stored.place, attempt=attempt, outcome=ReplayOutcome.REJECTED))
                continue
            report.accepted += 1
            report.trades += len(outcome)
            marks.append(ReplayMark(place=stored.place, attempt=attempt, outcome=ReplayOutcome.ACCEPTED))
            if not dry_run:
                self._publisher.publish(*(ReplayedTrade(trade=trade, attempt=attempt) for trade in outcome))
        if marks and not dry_run:
            self._await_acknowledged()
            self._publisher.publish(*marks)
            self._await_acknowledged()
        return report

    def _await_acknowledged(self) -> None:
        deliveries = self._publisher.flush(self._flush_timeout_s)
        if deliveries.pending or deliveries.failed:
            raise BrokerError("the broker has not acknowledged all replayed trades: run the replay again")

    def _reading(self) -> Callable[[StoredLetter], Sequence[Trade] | Rejection]:
        """Return what turns a letter into its trades, or into the rule that it breaks."""
        numbering = TradeNumbering()

        def read(stored: StoredLetter) -> Sequence[Trade] | Rejection:
            letter = stored.letter
            if _source_place(letter.source) is not None:
                outcome = decode(letter.payload, appended_ms=letter.rejected_ms, rules=self._rules)
                return outcome if isinstance(outcome, Rejection) else (outcome,)
            # Equal letters are trades of their own, and no redelivery: each has an intake of its own, and all share the numbers.
            intake = Intake(source=letter.source, rules=self._rules, numbering=numbering)
            result = intake.accept(self._frame(letter.payload, letter.rejected_ms))
            if result.dead_letters:
                return result.dead_letters[0].rejection
            return result.trades or letter.rejection

        return read

    def _frame(self, payload: bytes, received_ms: int) -> Frame:
        """Return the frame of a letter: the letter holds a whole frame or one trade out of a frame."""
        for candidate in (payload, _FRAME_OF_ONE % payload):
            message = self._decode_frame(candidate, received_ms)
            if isinstance(message, Frame) and message.rejection is None:
                return message
        malformed = self._decode_frame(payload, received_ms)
        return malformed if isinstance(malformed, Frame) else Frame(payload=payload, received_ms=received_ms)

    def _attempts_before(self, source: str) -> int:
        place = _source_place(source)
        record = None if place is None else self._reader.read_one(*place)
        return 0 if record is None else attempts_of(record)


def _source_place(source: str) -> tuple[str, int, int] | None:
    """Read `topic/partition/offset`, the source of a letter that was a record; None for a feed's name."""
    topic, _, rest = source.partition("/")
    partition, _, offset = rest.partition("/")
    return (topic, int(partition), int(offset)) if topic and partition.isdecimal() and offset.isdecimal() else None
