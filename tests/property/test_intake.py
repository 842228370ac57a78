from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.feed import Frame, RawTrade
from domain.intake import Intake
from domain.rejection import Reason, Rejection
from domain.rules import Rules
from domain.trade import Trade
from domain.window import EARLIEST_MS, LATEST_MS
from tests.support.strategies import T0_MS, anything, raw_trades, usual_raw_trades


def frame(*raws: RawTrade, payload: bytes = b"frame") -> Frame:
    payloads = [f"trade {place}".encode() for place in range(len(raws))]
    return Frame(payload=payload, received_ms=T0_MS, trades=raws, payloads=payloads)


def raw(price: str = "100.5", *, volume: str = "1", timestamp_ms: int = T0_MS, symbol: str = "AAPL") -> RawTrade:
    return RawTrade(
        symbol=symbol,
        price=Decimal(price),
        volume=Decimal(volume),
        timestamp_ms=timestamp_ms,
    )


def without_place(trade: Trade) -> Trade:
    return attrs.evolve(trade, trade_id=trade.trade_id.partition("-")[2])


def ids(trades: tuple[Trade, ...]) -> list[str]:
    return [trade.trade_id for trade in trades]


@given(st.lists(raw_trades(), max_size=20))
def test_nothing_raises_and_everything_is_accounted_for(raws: list[RawTrade]) -> None:
    result = Intake(source="test").accept(frame(*raws))
    assert len(result.trades) + len(result.dead_letters) == len(raws)
    taken = {id(t) for t in result.trades}
    assert len(taken) == len(result.trades)
    payloads = [letter.payload for letter in result.dead_letters]
    assert len(set(payloads)) == len(payloads)
    assert set(payloads) <= {f"trade {place}".encode() for place in range(len(raws))}


@given(anything, anything, anything, anything, anything)
def test_arbitrary_fields_come_out_as_a_trade_or_a_dead_letter(
    s: object, p: object, v: object, t: object, c: object
) -> None:
    junk = RawTrade(symbol=s, price=p, volume=v, timestamp_ms=t, conditions=c)
    result = Intake(source="test").accept(frame(junk))
    assert [letter.payload for letter in result.dead_letters] == [b"trade 0"] * (1 - len(result.trades))


@pytest.mark.parametrize(
    ("timestamp_ms", "reason"),
    [(EARLIEST_MS, None), (LATEST_MS, None), (EARLIEST_MS - 1, Reason.TOO_OLD), (LATEST_MS + 1, Reason.IN_FUTURE)],
)
def test_a_trade_without_a_calendar_day_is_rejected_whatever_the_tolerances(
    timestamp_ms: int, reason: Reason | None
) -> None:
    intake = Intake(source="test", rules=Rules(max_age_ms=10**16, future_tolerance_ms=10**16))
    # The second trade of a symbol takes the fast path.
    for payload in (b"first", b"second"):
        result = intake.accept(frame(raw(timestamp_ms=timestamp_ms), raw(timestamp_ms=T0_MS), payload=payload))
        assert [letter.rejection.reason for letter in result.dead_letters] == ([reason] if reason else [])


@given(st.lists(raw_trades(), max_size=20))
def test_ids_are_unique_in_their_millisecond_and_sorted_by_arrival(raws: list[RawTrade]) -> None:
    trades = Intake(source="test").accept(frame(*raws)).trades
    moments: dict[tuple[str, int], list[str]] = {}
    for trade in trades:
        moments.setdefault((trade.symbol, trade.timestamp_ms), []).append(trade.trade_id)
    for arrived in moments.values():
        assert arrived == sorted(set(arrived))


@given(st.lists(raw_trades(), max_size=20))
def test_the_same_frames_get_the_same_ids_in_any_process(raws: list[RawTrade]) -> None:
    assert Intake(source="a").accept(frame(*raws)).trades == Intake(source="b").accept(frame(*raws)).trades


@given(st.lists(raw_trades() | usual_raw_trades, min_size=1, max_size=10))
def test_what_was_seen_before_changes_no_verdict(raws: list[RawTrade]) -> None:
    judge_fresh_and_experienced(*raws)


def judge_fresh_and_experienced(*raws: RawTrade) -> None:
    fresh, experienced = Intake(source="test"), Intake(source="test")
    good = [attrs.evolve(raw("1"), symbol=known.symbol, conditions=known.conditions) for known in raws]
    experienced.accept(frame(*good, payload=b"seen before"))
    expected, found = fresh.accept(frame(*raws)), experienced.accept(frame(*raws))
    assert [without_place(trade) for trade in found.trades] == [without_place(trade) for trade in expected.trades]
    assert [str(trade.price) for trade in found.trades] == [str(trade.price) for trade in expected.trades]
    assert found.dead_letters == expected.dead_letters


@pytest.mark.parametrize(
    ("price", "volume", "offset_ms"),
    [
        ("0", "1", 0),
        ("1", "-1", 0),
        ("1", "-0", 0),
        ("0.123456789", "1", 0),
        ("1", "0.123456789", 0),
        ("10000000000", "1", 0),
        ("1", "100000000000", 0),
        ("10000000", "100000000", 0),
        ("9999999999", "100001", 0),
        ("9999999", "999999999", 0),
        ("1", "1", Rules().future_tolerance_ms + 1),
        ("1", "1", -Rules().max_age_ms - 1),
        ("1", "1", Rules().future_tolerance_ms),
        ("1", "1", -Rules().max_age_ms),
        ("NaN", "1", 0),
        ("1E+3", "1", 0),
        ("1.50", "0.0", 0),
    ],
)
def test_the_rules_hold_at_their_bounds_for_symbols_seen_before(price: str, volume: str, offset_ms: int) -> None:
    judge_fresh_and_experienced(raw(price, volume=volume, timestamp_ms=T0_MS + offset_ms))


@pytest.mark.parametrize(
    ("price", "volume", "reason"),
    [
        ("0.12345678", "0.12345678", None),
        ("0.123456789", "1", Reason.TOO_PRECISE),
        ("1", "0.123456789", Reason.TOO_PRECISE),
        ("9999999", "99999999", None),
        ("9999999", "999999999", Reason.TOO_LARGE),
        ("9999999999", "1", None),
        ("10000000000", "1", Reason.TOO_LARGE),
        ("1", "99999999999", None),
        ("1", "100000000000", Reason.TOO_LARGE),
        ("10000000", "100000000", Reason.TOO_LARGE),
        ("0", "1", Reason.PRICE_NOT_POSITIVE),
        ("1", "0", None),
        ("1", "-1", Reason.NEGATIVE_VOLUME),
    ],
)
def test_an_amount_at_its_bounds_is_judged_so(price: str, volume: str, reason: Reason | None) -> None:
    result = Intake(source="test").accept(frame(raw(price, volume=volume)))
    assert [letter.rejection.reason for letter in result.dead_letters] == ([] if reason is None else [reason])


@pytest.mark.parametrize("field", ["price", "volume", "timestamp_ms"])
def test_true_is_no_number_for_symbols_seen_before(field: str) -> None:
    judge_fresh_and_experienced(attrs.evolve(raw(), **{field: True}))


def test_a_trade_cannot_be_changed_whether_its_symbol_was_seen_before_or_not() -> None:
    for trade in Intake(source="test").accept(frame(raw(), raw())).trades:
        assert type(trade) is Trade
        assert hash(trade) == hash(attrs.evolve(trade))
        with pytest.raises(AttributeError):
            trade.price = Decimal(1)  # type: ignore[misc]
        with pytest.raises(AttributeError):
            trade.other = 1  # type: ignore[attr-defined]


def test_trades_that_are_kept_share_what_they_say_often() -> None:
    intake = Intake(source="test")
    # As a feed says it: each time in a text of its own.
    said = [attrs.evolve(raw(symbol=b"AAPL".decode()), conditions=[b"12".decode()]) for _ in range(3)]
    assert said[0].symbol is not said[1].symbol
    first, second, third = (
        intake.accept(frame(each, payload=str(place).encode())).trades[0] for place, each in enumerate(said)
    )
    assert first.symbol is second.symbol is third.symbol
    assert first.conditions is second.conditions is third.conditions


def test_identical_trades_of_one_frame_are_all_kept() -> None:
    result = Intake(source="test").accept(frame(raw(), raw(), raw()))
    assert [i.partition("-")[0] for i in ids(result.trades)] == ["0000", "0001", "0002"]


def test_numbers_go_on_over_frames_and_back_in_time() -> None:
    intake = Intake(source="test")
    first = intake.accept(frame(raw(), raw(timestamp_ms=T0_MS - 5), payload=b"1")).trades
    second = intake.accept(frame(raw("101"), raw(timestamp_ms=T0_MS - 5), payload=b"2")).trades
    assert [i[:4] for i in ids(first)] == ["0000", "0000"]
    assert [i[:4] for i in ids(second)] == ["0001", "0001"]


def test_after_a_restart_in_mid_millisecond_different_trades_keep_different_ids() -> None:
    before = Intake(source="test").accept(frame(raw("100"))).trades
    after = Intake(source="test").accept(frame(raw("101"))).trades
    assert ids(before) != ids(after)


def test_a_frame_delivered_again_is_counted_and_left_out() -> None:
    intake = Intake(source="test")
    whole = frame(raw(), raw())
    assert len(intake.accept(whole).trades) == 2
    again = intake.accept(whole)
    assert (again.trades, again.dead_letters, again.redelivered) == ((), (), 2)


def test_a_frame_that_was_not_understood_is_one_dead_letter_with_its_bytes() -> None:
    rejection = Rejection(reason=Reason.MALFORMED, detail="not JSON")
    result = Intake(source="test").accept(Frame(payload=b"\xff{", received_ms=T0_MS, rejection=rejection))
    (letter,) = result.dead_letters
    assert (letter.payload, letter.rejection, letter.source) == (b"\xff{", rejection, "test")


def test_a_trade_is_enriched_with_venue_asset_class_and_latency() -> None:
    (trade,) = Intake(source="test").accept(frame(raw(symbol="BINANCE:BTCUSDT", timestamp_ms=T0_MS - 40))).trades
    assert (trade.venue, trade.asset_class, trade.latency_ms) == ("BINANCE", "crypto", 40)


def test_another_market_is_an_argument() -> None:
    intake = Intake(source="test", venues={"LME": "metal"})
    (trade,) = intake.accept(frame(raw(symbol="LME:COPPER"))).trades
    assert (trade.venue, trade.asset_class) == ("LME", "metal")
