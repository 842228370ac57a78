from decimal import Decimal

import attrs
from hypothesis import given
from hypothesis import strategies as st

from domain.record import decode, encode
from domain.rejection import DeadLetter, Reason, Rejection
from domain.rules import Rules
from domain.trade import Trade
from domain.window import EARLIEST_MS, LATEST_MS, partition_day
from tests.support.strategies import T0_MS, trades

RULES = Rules()
LATER_MS = T0_MS + 3_600_000


any_times = st.integers(-(10**15) + 1, 10**15 - 1) | st.sampled_from([EARLIEST_MS, LATEST_MS, T0_MS])
"""Any time that the record's pattern admits for its timestamp."""


def verdict(value: bytes | None, appended_ms: int = LATER_MS) -> Reason | None:
    outcome = decode(value, appended_ms=appended_ms, rules=RULES)
    return outcome.reason if isinstance(outcome, Rejection) else None


def record(**changes: str) -> bytes:
    fields = {
        "v": "1",
        "symbol": '"AAPL"',
        "price": "164.06",
        "volume": "5",
        "timestamp_ms": str(T0_MS),
        "trade_id": '"0000-0a1b2c3d"',
        "conditions": '["1","12"]',
        "received_ms": str(T0_MS + 20),
        "venue": '"US"',
        "asset_class": '"stock"',
    } | changes
    return ("{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}").encode()


@given(trades())
def test_decode_of_encode_is_the_identity(trade: Trade) -> None:
    assert decode(encode(trade), appended_ms=LATER_MS, rules=RULES) == trade


@given(trades())
def test_equal_trades_are_encoded_alike(trade: Trade) -> None:
    again = decode(encode(trade), appended_ms=LATER_MS, rules=RULES)
    assert isinstance(again, Trade)
    assert encode(again) == encode(trade)


@given(trades(), st.integers(1, 6))
def test_numbers_are_encoded_alike_however_they_were_written(trade: Trade, zeros: int) -> None:
    finer = Decimal(f"1E-{zeros}")
    for price, volume in (
        (trade.price.normalize(), trade.volume.normalize()),
        (trade.price + 0 * finer, trade.volume + 0 * finer),
    ):
        assert encode(attrs.evolve(trade, price=price, volume=volume)) == encode(trade)


@given(st.none() | st.binary(max_size=5_000))
def test_arbitrary_bytes_are_rejected_and_never_raise(value: bytes | None) -> None:
    assert verdict(value) in {Reason.MALFORMED, Reason.UNSUPPORTED_VERSION}


@given(trades(), st.integers(0, 400), st.binary(max_size=3), st.integers(0, 3))
def test_a_mutated_record_is_rejected_or_is_the_record_of_another_trade(
    trade: Trade, at: int, junk: bytes, cut: int
) -> None:
    value = encode(trade)
    mutated = value[:at] + junk + value[at + cut :]
    found = decode(mutated, appended_ms=LATER_MS, rules=RULES)
    if isinstance(found, Rejection):
        assert mutated != value
    else:
        assert decode(encode(found), appended_ms=LATER_MS, rules=RULES) == found


@given(st.binary(max_size=50), st.sampled_from(list(Reason)), st.text(max_size=20), st.integers(0, 10**13))
def test_a_dead_letter_reads_back_from_its_headers(payload: bytes, reason: Reason, detail: str, at_ms: int) -> None:
    letter = DeadLetter(
        payload=payload, rejection=Rejection(reason=reason, detail=detail), source="trades/0/7", rejected_ms=at_ms
    )
    assert DeadLetter.from_headers(payload, letter.headers()) == letter


def test_each_rule_names_its_reason() -> None:
    cases = {
        record(): None,
        record(v="2"): Reason.UNSUPPORTED_VERSION,
        record(v="0"): Reason.UNSUPPORTED_VERSION,
        record(symbol='""'): Reason.BAD_SYMBOL,
        record(symbol='" AAPL"'): Reason.BAD_SYMBOL,
        record(price="0"): Reason.PRICE_NOT_POSITIVE,
        record(price="-1"): Reason.PRICE_NOT_POSITIVE,
        record(volume="-0.1"): Reason.NEGATIVE_VOLUME,
        record(volume="0"): None,
        record(price="0.000000001"): Reason.TOO_PRECISE,
        record(price="0.100000000"): None,
        record(price="10000000000"): Reason.TOO_LARGE,
        record(volume="100000000000"): Reason.TOO_LARGE,
        record(price="9999999999", volume="200000"): Reason.TOO_LARGE,
        record(timestamp_ms="0"): Reason.TOO_OLD,
        record(timestamp_ms=str(T0_MS + 20 + RULES.future_tolerance_ms)): None,
        record(timestamp_ms=str(T0_MS + 21 + RULES.future_tolerance_ms)): Reason.IN_FUTURE,
        record(price='"164.06"'): Reason.MALFORMED,
        record(price="1e5"): Reason.MALFORMED,
        record(price="NaN"): Reason.MALFORMED,
        record(symbol="7"): Reason.MALFORMED,
        record(added="1", also='"text"', flag="true", none="null"): None,
        record(nested="{}"): Reason.MALFORMED,
        record() + b"\n": Reason.MALFORMED,
        record() + record(): Reason.MALFORMED,
    }
    assert {value: verdict(value) for value in cases} == cases


def test_a_known_field_cannot_be_given_twice() -> None:
    assert verdict(record()[:-1] + b',"price":1}') is Reason.MALFORMED


def test_no_record_can_vouch_for_its_own_future() -> None:
    far = str(LATER_MS + 86_400_000)
    assert verdict(record(timestamp_ms=far, received_ms=far)) is Reason.IN_FUTURE


@given(any_times, any_times, any_times)
def test_every_valid_trade_has_times_with_a_calendar_day(timestamp_ms: int, received_ms: int, appended_ms: int) -> None:
    value = record(timestamp_ms=str(timestamp_ms), received_ms=str(received_ms))
    outcome = decode(value, appended_ms=appended_ms, rules=Rules(max_age_ms=10**16, future_tolerance_ms=10**16))
    are_valid = all(EARLIEST_MS <= each <= LATEST_MS for each in (timestamp_ms, received_ms))
    assert isinstance(outcome, Trade) == are_valid
    if isinstance(outcome, Trade):
        assert 1970 <= partition_day(outcome.timestamp_ms).year <= 2286


def test_no_record_can_vouch_for_a_past_without_a_calendar_day() -> None:
    moment = str(-999_999_999_999_999)
    assert verdict(record(timestamp_ms=moment, received_ms=moment)) is Reason.MALFORMED
    assert verdict(record(timestamp_ms=moment, received_ms="0")) is Reason.TOO_OLD


def test_a_recording_keeps_its_own_clock() -> None:
    years_later = T0_MS + 5 * 365 * 86_400_000
    assert verdict(record(), appended_ms=years_later) is None
