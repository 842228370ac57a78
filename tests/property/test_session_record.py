import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.rejection import Reason, Rejection
from domain.rules import Rules
from domain.session import MAX_SYMBOLS, SessionEvent, SessionEventKind
from domain.session_record import MAX_EVENT_BYTES, decode_event, encode_event, is_name
from domain.window import LATEST_MS
from tests.support.strategies import T0_MS, session_events

RULES = Rules()


def verdict(value: bytes | None, appended_ms: int = T0_MS) -> Reason | None:
    outcome = decode_event(value, appended_ms=appended_ms, rules=RULES)
    return outcome.reason if isinstance(outcome, Rejection) else None


def record(**changes: str) -> bytes:
    fields = {
        "v": "1",
        "instance": '"producer-1"',
        "session": '"5f3a9c1e-1"',
        "kind": '"alive"',
        "at_ms": str(T0_MS),
        "seen_ms": str(T0_MS - 20),
        "detail": '""',
        **{name: value for name, value in changes.items() if name != "symbols"},
        "symbols": changes.get("symbols", '{"AAPL":1699999999000,"IC MARKETS:1":1699999999000}'),
    }
    return ("{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}").encode()


@given(session_events())
def test_decode_of_encode_is_the_identity(event: SessionEvent) -> None:
    assert decode_event(encode_event(event), appended_ms=event.at_ms, rules=RULES) == event


@given(st.text(max_size=400))
def test_a_detail_of_any_text_is_written_so_that_it_can_be_read(detail: str) -> None:
    event = SessionEvent(
        instance="p", session="1", kind=SessionEventKind.DISCONNECTED, at_ms=T0_MS, seen_ms=T0_MS, detail=detail
    )
    found = decode_event(encode_event(event), appended_ms=T0_MS, rules=RULES)
    assert isinstance(found, SessionEvent)
    assert len(found.detail) == min(len(detail), 200)
    assert attrs.evolve(found, detail="") == attrs.evolve(event, detail="")


@given(st.none() | st.binary(max_size=500))
def test_arbitrary_bytes_are_rejected_and_never_raise(value: bytes | None) -> None:
    assert verdict(value) in {Reason.MALFORMED, Reason.UNSUPPORTED_VERSION}


@given(session_events(), st.integers(0, 300), st.binary(max_size=3), st.integers(0, 3))
def test_a_mutated_record_is_rejected_or_is_the_record_of_another_event(
    event: SessionEvent, at: int, junk: bytes, cut: int
) -> None:
    value = encode_event(event)
    mutated = value[:at] + junk + value[at + cut :]
    found = decode_event(mutated, appended_ms=event.at_ms, rules=RULES)
    if isinstance(found, Rejection):
        assert mutated != value
        assert found.reason in {Reason.MALFORMED, Reason.UNSUPPORTED_VERSION, Reason.TOO_OLD, Reason.IN_FUTURE}
    else:
        assert found.seen_ms <= found.at_ms
        assert decode_event(encode_event(found), appended_ms=event.at_ms, rules=RULES) == found


def test_what_a_later_schema_adds_is_ignored() -> None:
    added = record(detail='"","region":"eu-1","load":0.25,"paused":false')
    assert decode_event(added, appended_ms=T0_MS, rules=RULES) == decode_event(record(), appended_ms=T0_MS, rules=RULES)


def test_another_version_is_told_from_what_is_no_event() -> None:
    assert verdict(record(v="2")) is Reason.UNSUPPORTED_VERSION
    assert verdict(record(v='"1"')) is Reason.MALFORMED


def test_what_is_not_of_the_form_is_malformed() -> None:
    assert verdict(record()) is None
    for changes in (
        {"kind": '"exploded"'},
        {"instance": '"a b"'},
        {"session": '""'},
        {"at_ms": "-5"},
        {"at_ms": f"{T0_MS}.0"},
        {"detail": '"\\u0041"'},
        {"detail": f'"{"x" * 201}"'},
        {"symbols": "[]"},
        {"symbols": '{"AAPL":"1"}'},
        {"symbols": '{"AAPL":1,}'},
        {"symbols": '{"AAPL":01}'},
        {"symbols": '{"AAPL":1 ,"B":2}'},
        {"symbols": '{" A":1}'},
        {"symbols": '{"A":1},"more":{}'},
        {"symbols": '{"A":1,"A":2}'},
        {"seen_ms": str(T0_MS + 1)},
    ):
        assert verdict(record(**changes)) is Reason.MALFORMED, changes
    assert verdict(record() + b"\n") is Reason.MALFORMED


@pytest.mark.parametrize("field", ["at_ms", "seen_ms", "symbols"])
def test_times_without_a_calendar_day_are_malformed(field: str) -> None:
    latest, beyond = str(LATEST_MS), str(LATEST_MS + 1)
    if field == "symbols":
        latest, beyond = f'{{"AAPL":{latest}}}', f'{{"AAPL":{beyond}}}'
    appended_ms = T0_MS if field == "symbols" else LATEST_MS
    assert verdict(record(**{"at_ms": str(appended_ms), field: latest}), appended_ms) is None
    assert verdict(record(**{"at_ms": str(appended_ms), field: beyond}), appended_ms) is Reason.MALFORMED


def test_times_are_judged_by_the_brokers_clock() -> None:
    assert verdict(record(), T0_MS - RULES.future_tolerance_ms) is None
    assert verdict(record(), T0_MS - RULES.future_tolerance_ms - 1) is Reason.IN_FUTURE
    assert verdict(record(), T0_MS + RULES.max_age_ms) is None
    assert verdict(record(), T0_MS + RULES.max_age_ms + 1) is Reason.TOO_OLD


def test_the_largest_part_of_an_event_fits_into_a_record() -> None:
    symbols = {f"{n:064d}": T0_MS for n in range(MAX_SYMBOLS + 1)}
    event = SessionEvent(
        instance="p" * 64, session="s" * 64, kind=SessionEventKind.PROVIDER_ERROR, at_ms=T0_MS, seen_ms=T0_MS,
        detail="d" * 200, symbols=symbols,
    )  # fmt: skip
    parts = list(event.in_parts())
    assert [len(part.symbols) for part in parts] == [MAX_SYMBOLS, 1]
    assert {symbol: since for part in parts for symbol, since in part.symbols.items()} == symbols
    for part in parts:
        assert len(encode_event(part)) <= MAX_EVENT_BYTES
        assert decode_event(encode_event(part), appended_ms=T0_MS, rules=RULES) == part


def test_names_are_short_and_plain() -> None:
    assert is_name("producer-1.eu")
    for name in ("", "-a", "a b", "a" * 65, 'a"b', "a\n"):
        assert not is_name(name)
