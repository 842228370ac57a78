"""Records and headers of the topics, where anybody with the right to write may have written anything."""

from hypothesis import given
from hypothesis import strategies as st

from apps.output.dead_letter_rows import letter_json
from domain.dead_letters import ATTEMPT_HEADER, ReplayMark, ReplayOutcome, StoredLetter, attempts_of, stored_letters
from domain.record import TopicRecord, decode, encode
from domain.rejection import DeadLetter, Reason, Rejection
from domain.rules import Rules
from domain.session_record import decode_event, encode_event
from domain.window import EARLIEST_MS, LATEST_MS
from tests.support.strategies import T0_MS, session_events, trades

from . import near_json

RULES = Rules()
appended = st.just(T0_MS) | st.integers(EARLIEST_MS, LATEST_MS) | st.integers()
values = st.none() | st.binary() | near_json.documents
pieces = st.binary(max_size=3) | st.sampled_from([b'"', b",", b"1e9", b"-", b"\n", b"9" * 5_000, "٣".encode()])
edits = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30), pieces), min_size=1, max_size=3)


def edited(value: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for at, cut, piece in changes:
        value = value[:at] + piece + value[at + cut :]
    return value


@given(values | st.builds(edited, trades().map(encode), edits), appended)
def test_a_record_is_a_trade_that_is_written_alike_or_a_rejection(value: bytes | None, appended_ms: int) -> None:
    found = decode(value, appended_ms=appended_ms, rules=RULES)
    if not isinstance(found, Rejection):
        assert decode(encode(found), appended_ms=appended_ms, rules=RULES) == found


@given(values | st.builds(edited, session_events().map(encode_event), edits), appended)
def test_an_event_is_one_that_is_written_alike_or_a_rejection(value: bytes | None, appended_ms: int) -> None:
    found = decode_event(value, appended_ms=appended_ms, rules=RULES)
    if not isinstance(found, Rejection):
        assert decode_event(encode_event(found), appended_ms=appended_ms, rules=RULES) == found


letters = st.builds(
    DeadLetter,
    payload=st.binary(),
    rejection=st.builds(Rejection, reason=st.sampled_from(Reason), detail=st.text()),
    source=st.text(),
    rejected_ms=st.integers(0, 253_402_300_799_999),
)
marks = st.builds(
    ReplayMark,
    place=st.tuples(st.integers(0, 2), st.integers(0, 20)).map(lambda place: f"{place[0]}/{place[1]}"),
    attempt=st.integers(0, 99),
    outcome=st.sampled_from(ReplayOutcome),
)
header_values = st.one_of(
    st.binary(),
    st.sampled_from(
        [b"", b"accepted", b"malformed", b"1", b"-1", b" 1", b"1_0", b"9" * 20, b"9" * 5_000, "٣".encode(), b"\xff"]
    ),
    st.integers().map(lambda number: str(number).encode()),
)
HEADERS = ("reason", "detail", "source", "rejected_ms", ATTEMPT_HEADER, "replay_of", "replay_outcome")
any_headers = st.dictionaries(st.sampled_from(HEADERS) | st.text(), header_values)
damaged_headers = st.tuples(letters.map(DeadLetter.headers) | marks.map(ReplayMark.headers), any_headers).map(
    lambda both: {**both[0], **both[1]}
)


def topic_record(offset: int, value: bytes, headers: dict[str, bytes]) -> TopicRecord:
    return TopicRecord(
        topic="trades.dlq",
        partition=0,
        offset=offset,
        key=None,
        value=value,
        headers=tuple(headers.items()),
        appended_ms=T0_MS,
    )


def listed(contents: list[tuple[bytes, dict[str, bytes]]]) -> list[StoredLetter]:
    return stored_letters(topic_record(offset, *content) for offset, content in enumerate(contents))


@given(letters)
def test_a_letter_reads_back_from_its_headers(letter: DeadLetter) -> None:
    assert DeadLetter.from_headers(letter.payload, letter.headers()) == letter


@given(marks)
def test_a_mark_reads_back_from_its_headers(mark: ReplayMark) -> None:
    assert ReplayMark.from_headers(mark.headers()) == mark


@given(st.lists(st.tuples(st.binary(), any_headers | damaged_headers), max_size=8), st.lists(letters, max_size=4))
def test_odd_records_hide_no_letter(odd: list[tuple[bytes, dict[str, bytes]]], sound: list[DeadLetter]) -> None:
    contents = [*odd, *((letter.payload, letter.headers()) for letter in sound)]
    found = {stored.place: stored.letter for stored in listed(contents)}
    assert len(found) <= len(contents)
    for stored in listed(contents):
        assert letter_json(stored)
    for offset, letter in enumerate(sound, start=len(odd)):
        assert found[f"0/{offset}"] == letter


@given(any_headers | damaged_headers)
def test_the_number_of_attempts_is_0_or_more_whatever_the_header_holds(headers: dict[str, bytes]) -> None:
    assert attempts_of(topic_record(0, b"", headers)) >= 0
