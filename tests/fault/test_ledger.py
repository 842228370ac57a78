"""The ledger notices what it is for: each way of storing wrongly, done to rows that were right, fails. Without servers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest

from domain.candle import fold
from domain.intake import Intake
from domain.record import TopicRecord, decode, encode
from domain.rejection import DeadLetter, Rejection
from domain.rules import Rules
from domain.trade import Trade
from domain.window import MINUTE_MS
from tests.support.twins import CandleRow, domain_candles

from .stored_ledger import check_ledger, identity_of
from .tape import Tape

POISON = (b'{"v":2,"symbol":"AAPL"}', b"", b"\xff")


@attrs.define
class Dumps:
    """What a site's topic and tables would hold."""

    records: list[TopicRecord]
    rows: list[Trade]
    candles: list[CandleRow]
    letters: list[DeadLetter]

    def trades(self) -> list[TopicRecord]:
        return self.records

    def stored_trades(self) -> dict[int, Trade]:
        return dict(enumerate(self.rows))

    def stored_candles(self) -> list[CandleRow]:
        return sorted(self.candles)

    def dead_letters(self) -> list[DeadLetter]:
        return self.letters


TAPE = Tape(seed=1, begin_ms=1_700_000_000_000)
TRADES = TAPE.trades(400)
LATE = TAPE.late(3)


def right() -> Dumps:
    values = [*(encode(trade) for trade in TRADES + LATE), *POISON]
    records = [
        TopicRecord(topic="t", partition=0, offset=at, key=None, value=value, appended_ms=TAPE.now_ms)
        for at, value in enumerate(values)
    ]
    letters = [
        DeadLetter(payload=record.value, rejection=verdict, source=record.source, rejected_ms=0)
        for record in records
        if isinstance(verdict := decode(record.value, appended_ms=record.appended_ms, rules=Rules()), Rejection)
    ]
    assert len(letters) == len(POISON)
    return Dumps(records, TRADES + LATE, domain_candles(fold(TRADES, MINUTE_MS).values()), letters)


def check(dumps: Dumps) -> None:
    late = {identity_of(trade) for trade in LATE}
    check_ledger(dumps, genuine=len(TRADES) + len(LATE), late=late)  # type: ignore[arg-type]


def arrived(dumps: Dumps, candle: CandleRow) -> list[Trade]:
    """Return the trades of a candle as they arrived."""
    return [
        trade
        for trade in TRADES
        if (trade.symbol, trade.timestamp_ms // MINUTE_MS * MINUTE_MS) == (candle.symbol, candle.window_start_ms)
    ]


def lose_a_trade(dumps: Dumps) -> None:
    dumps.rows = dumps.rows[1:]


def lose_the_late(dumps: Dumps) -> None:
    dumps.rows = dumps.rows[: len(TRADES)]


def invent_a_trade(dumps: Dumps) -> None:
    dumps.rows = [*dumps.rows, attrs.evolve(dumps.rows[0], trade_id="0099-00000000")]


def keep_one_a_millisecond(dumps: Dumps) -> None:
    dumps.rows = list({(trade.symbol, trade.timestamp_ms): trade for trade in dumps.rows}.values())


def round_a_price(dumps: Dumps) -> None:
    dumps.rows = [attrs.evolve(dumps.rows[0], price=dumps.rows[0].price + Decimal("1e-8")), *dumps.rows[1:]]


def open_by_arrival(dumps: Dumps) -> None:
    dumps.candles = [candle._replace(open=arrived(dumps, candle)[0].price) for candle in dumps.candles]


def close_by_arrival(dumps: Dumps) -> None:
    dumps.candles = [candle._replace(close=arrived(dumps, candle)[-1].price) for candle in dumps.candles]


def count_a_batch_twice(dumps: Dumps) -> None:
    first, *rest = dumps.candles
    dumps.candles = [first._replace(volume=first.volume * 2, trade_count=first.trade_count * 2), *rest]


def leave_a_candle_behind(dumps: Dumps) -> None:
    first, *rest = dumps.candles
    [older] = domain_candles(fold(arrived(dumps, first)[:-1], MINUTE_MS).values())
    dumps.candles = [older, *rest]


def fold_the_late(dumps: Dumps) -> None:
    dumps.candles = domain_candles(fold(TRADES + LATE, MINUTE_MS).values())


def round_the_vwap_down(dumps: Dumps) -> None:
    dumps.candles = [candle._replace(vwap=candle.vwap and candle.vwap - Decimal("1e-8")) for candle in dumps.candles]


def drop_a_bad_record(dumps: Dumps) -> None:
    dumps.letters = dumps.letters[1:]


def change_its_bytes(dumps: Dumps) -> None:
    dumps.letters = [attrs.evolve(dumps.letters[0], payload=b"other"), *dumps.letters[1:]]


def send_it_twice(dumps: Dumps) -> None:
    dumps.letters = [*dumps.letters, dumps.letters[0]]


WRONG: tuple[Callable[[Dumps], None], ...] = (
    lose_a_trade,
    lose_the_late,
    invent_a_trade,
    keep_one_a_millisecond,
    round_a_price,
    open_by_arrival,
    close_by_arrival,
    count_a_batch_twice,
    leave_a_candle_behind,
    fold_the_late,
    round_the_vwap_down,
    drop_a_bad_record,
    change_its_bytes,
    send_it_twice,
)


def test_what_is_right_passes() -> None:
    check(right())


@pytest.mark.parametrize("spoil", WRONG)
def test_it_notices(spoil: Callable[[Dumps], None]) -> None:
    dumps = right()
    spoil(dumps)
    with pytest.raises(AssertionError):
        check(dumps)


def test_it_notices_ids_that_two_trades_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store cannot: it has one row where there should be two, and so has the topic one identity."""
    monkeypatch.setattr("domain.intake.make_trade_id", lambda _ordinal, checksum: f"0000-{checksum}")
    tape = Tape(seed=1, begin_ms=1_700_000_000_000)
    assert isinstance(tape._intake, Intake)
    trades = tape.trades(400)
    assert len({identity_of(trade) for trade in trades}) < len(trades)
    dumps = right()
    dumps.records = [attrs.evolve(dumps.records[0], offset=at, value=encode(trade)) for at, trade in enumerate(trades)]
    dumps.rows = list({identity_of(trade): trade for trade in trades}.values())
    dumps.candles, dumps.letters = domain_candles(fold(trades, MINUTE_MS).values()), []
    check_ledger(dumps)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="share an identity"):
        check_ledger(dumps, genuine=len(trades))  # type: ignore[arg-type]
