from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.feed import Frame, RawTrade
from domain.intake import Intake
from domain.rejection import Reason, Rejection
from domain.trade import Trade
from tests.strategies import T0_MS, anything, raw_trades


def frame(*raws: RawTrade, payload: bytes = b"frame") -> Frame:
    return Frame(payload=payload, received_ms=T0_MS, trades=raws)


def raw(price: str = "100.5", *, volume: str = "1", timestamp_ms: int = T0_MS, symbol: str = "AAPL") -> RawTrade:
    return RawTrade(
        symbol=symbol,
        price=Decimal(price),
        volume=Decimal(volume),
        timestamp_ms=timestamp_ms,
        conditions=None,
        payload=b"trade",
    )


def ids(trades: tuple[Trade, ...]) -> list[str]:
    return [trade.trade_id for trade in trades]


@given(st.lists(raw_trades(), max_size=20))
def test_nothing_raises_and_everything_is_accounted_for(raws: list[RawTrade]) -> None:
    result = Intake(source="test").accept(frame(*raws))
    assert len(result.trades) + len(result.dead_letters) == len(raws)
    taken = {id(t) for t in result.trades}
    assert len(taken) == len(result.trades)
    assert Counter(letter.payload for letter in result.dead_letters) <= Counter(r.payload for r in raws)


@given(anything, anything, anything, anything, anything)
def test_arbitrary_fields_come_out_as_a_trade_or_a_dead_letter(
    s: object, p: object, v: object, t: object, c: object
) -> None:
    junk = RawTrade(symbol=s, price=p, volume=v, timestamp_ms=t, conditions=c, payload=b"junk")
    result = Intake(source="test").accept(frame(junk))
    assert [letter.payload for letter in result.dead_letters] == [b"junk"] * (1 - len(result.trades))


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
