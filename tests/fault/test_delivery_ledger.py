"""Each law of the sent side's account fails when it is broken: an account that holds is damaged in one place."""

import json
from collections.abc import Callable

import attrs
import pytest

from adapters.finnhub.protocol import parse_message
from adapters.simulator.ledger import LedgerEntry
from domain.feed import Frame
from domain.intake import Intake
from domain.record import TopicRecord, encode

from .delivery_ledger import Account, Acknowledged, Heard
from .frames import digest

T0_MS = 1_700_000_000_000
FRAMES = 40
SYMBOLS = ("AAPL", "BINANCE:BTCUSDT")


def payload(number: int) -> bytes:
    """Make a frame of three trades, of which two share symbol and millisecond, and one is not valid."""
    symbol = SYMBOLS[number % 2]
    trades = [
        {"c": None, "p": price, "s": symbol, "t": T0_MS + 100 * number, "v": 1} for price in (number + 1, 1.5, -1)
    ]
    return json.dumps({"data": trades, "type": "trade"}, separators=(",", ":")).encode()


def record(topic: str, offset: int, value: bytes, key: bytes | None = None, partition: int = 0) -> TopicRecord:
    return TopicRecord(topic=topic, partition=partition, offset=offset, key=key, value=value, appended_ms=T0_MS)


def claim(since_ms: int, seen_ms: int) -> TopicRecord:
    return record(
        "events",
        0,
        json.dumps({"kind": "alive", "seen_ms": seen_ms, "symbols": dict.fromkeys(SYMBOLS, since_ms)}).encode(),
    )


@pytest.fixture
def account() -> Account:
    """One connection over which all frames but the last five arrived, was lost then, and was made again."""
    sent = [LedgerEntry(1, T0_MS + 100 * n, "trade", 1, payload(n)) for n in range(FRAMES)]
    heard = [Heard(run=0, connection=1, at_ms=each.sent_ms + 5, frame=digest(each.payload)) for each in sent[:-5]]
    end_ms = heard[-1].at_ms
    lost = Heard(run=0, connection=1, at_ms=end_ms + 2_000, event="disconnected", detail="next attempt in 0.5 s")
    again = Heard(run=0, connection=2, at_ms=end_ms + 2_600, event="subscribed")
    intake = Intake(source="finnhub")
    trades: list[TopicRecord] = []
    letters: list[TopicRecord] = []
    for entry in sent[:-5]:
        frame = parse_message(entry.payload, entry.sent_ms + 5)
        assert isinstance(frame, Frame)
        result = intake.accept(frame)
        trades += [
            record("trades", len(trades) + n, encode(trade), trade.symbol.encode(), SYMBOLS.index(trade.symbol))
            for n, trade in enumerate(result.trades)
        ]
        letters += [record("dlq", len(letters) + n, each.payload) for n, each in enumerate(result.dead_letters)]
    return Account(
        sent=sent,
        heard=[*heard, lost, again],
        acknowledged=[Acknowledged(topic="trades", value=digest(each.value), begins="") for each in trades[:-4]],
        trades=trades,
        dead_letters=letters,
        events=[claim(T0_MS, end_ms), claim(end_ms + 2_600, end_ms + 9_000)],
    )


def test_an_account_in_order_holds_and_knows_what_did_not_arrive(account: Account) -> None:
    assert account.unkept() == []
    assert account.unpublished() == {}
    assert [each.entry for each in account.missing()] == account.sent[-5:]
    assert account.in_no_gap() == []
    assert account.claimed() == []
    assert account.holes() == 1
    (gap,) = account.gaps()
    assert (gap.length_ms, gap.chosen_ms) == (2_600, 500)


def test_an_acknowledged_trade_that_is_lost_is_told(account: Account) -> None:
    first, *rest = account.trades
    assert [each.value for each in attrs.evolve(account, trades=rest).unkept()] == [digest(first.value)]


def test_a_trade_lost_at_the_end_is_unpublished_and_one_lost_before_breaks_the_law(account: Account) -> None:
    shorter = attrs.evolve(account, trades=account.trades[:-1])
    assert sum(map(len, shorter.unpublished().values())) == 1
    assert shorter.claimed() == []
    late = attrs.evolve(shorter, events=[claim(T0_MS, T0_MS + 60_000)])
    assert len(late.claimed()) == 11
    with pytest.raises(AssertionError, match="out of order"):
        attrs.evolve(account, trades=account.trades[1:]).unpublished()


@pytest.mark.parametrize(
    "damage",
    [
        lambda trades: [*trades, attrs.evolve(trades[0], offset=999)],
        lambda trades: [*trades[:-1], attrs.evolve(trades[-1], offset=-1)],
        lambda trades: [attrs.evolve(trades[0], value=trades[0].value.replace(b'"0000-', b'"0001-')), *trades[1:]],
        lambda trades: [attrs.evolve(trades[0], partition=3), *trades[1:]],
    ],
    ids=["twice", "out of order", "another id", "another partition"],
)
def test_what_is_otherwise_in_kafka_breaks_the_law(
    account: Account, damage: Callable[[list[TopicRecord]], list[TopicRecord]]
) -> None:
    with pytest.raises(AssertionError):
        attrs.evolve(account, trades=damage([*account.trades])).unpublished()


def test_a_dead_letter_too_few_or_too_many_breaks_the_law(account: Account) -> None:
    for letters in (account.dead_letters[1:], [*account.dead_letters, account.dead_letters[0]]):
        with pytest.raises(AssertionError, match="dead letters"):
            attrs.evolve(account, dead_letters=letters).unpublished()


def test_a_frame_lost_in_mid_connection_breaks_the_law(account: Account) -> None:
    with pytest.raises(AssertionError, match="beginning"):
        attrs.evolve(account, heard=[*account.heard[:7], *account.heard[8:]]).missing()


def test_what_did_not_arrive_outside_of_a_gap_is_told(account: Account) -> None:
    never_lost = attrs.evolve(account, heard=account.heard[:-2])
    assert len(never_lost.in_no_gap()) == 5
