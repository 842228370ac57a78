"""Trades that came twice are dropped, and their number is in the events of the session."""

from collections import Counter
from random import Random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.event_store import MemoryEventStore
from domain.feed import FeedEventKind
from domain.redelivery import redelivered_trades
from domain.rules import Rules
from domain.session import SessionEvent, SessionEventKind
from domain.session_record import decode_event, encode_event
from tests.support.journal_world import SYMBOLS, UNTIL_ALIVE_MS, World

END_MS = 10**13
frames = st.lists(st.lists(st.sampled_from(SYMBOLS), min_size=1, max_size=5), max_size=6)


def counted(events: list[SessionEvent], symbol: str) -> int:
    return redelivered_trades([event.about(symbol) for event in events if symbol in event.symbols], 0, END_MS)


@given(frames, st.sampled_from([FeedEventKind.DISCONNECTED, FeedEventKind.SILENT, None]))
def test_each_trade_that_came_twice_is_counted_once(redelivered: list[list[str]], end: FeedEventKind | None) -> None:
    world = World()
    world.connect()
    for symbols in redelivered:
        world.journal.redelivered(symbols)
        world.wait(3_000)
        world.mark()
    if end is None:
        world.idle(UNTIL_ALIVE_MS)
    else:
        world.lose(end)
    expected = Counter(symbol for symbols in redelivered for symbol in symbols)
    assert {symbol: counted(world.events, symbol) for symbol in SYMBOLS} == {name: expected[name] for name in SYMBOLS}


@given(frames, st.randoms(use_true_random=False))
def test_the_order_and_the_repetition_of_events_change_nothing(redelivered: list[list[str]], source: Random) -> None:
    world = World()
    world.connect()
    for symbols in redelivered:
        world.journal.redelivered(symbols)
        world.idle(UNTIL_ALIVE_MS)
    twice = source.sample(world.events * 2, 2 * len(world.events))
    assert [counted(twice, symbol) for symbol in SYMBOLS] == [counted(world.events, symbol) for symbol in SYMBOLS]


def test_an_event_keeps_its_count_as_a_record_and_in_a_store() -> None:
    event = SessionEvent(
        instance="p", session="r-1", kind=SessionEventKind.REDELIVERED, at_ms=7, seen_ms=5, detail="3", symbols={"AAPL": 1}
    )  # fmt: skip
    assert decode_event(encode_event(event), appended_ms=7, rules=Rules()) == event
    store = MemoryEventStore()
    store.write([event, event])
    assert redelivered_trades(store.read("AAPL", 0, 10), 0, 8) == 3
    assert redelivered_trades(store.read("AAPL", 0, 10), 0, 7) == 0


@pytest.mark.parametrize("detail", ["", "three", "-1", "9" * 10_000])
def test_a_count_that_is_none_of_ours_is_0(detail: str) -> None:
    event = SessionEvent(
        instance="p", session="s", kind=SessionEventKind.REDELIVERED, at_ms=7, seen_ms=5, detail=detail
    )
    assert event.redelivered == 0
    assert attrs.evolve(event, kind=SessionEventKind.ALIVE, detail="3").redelivered == 0


def test_symbols_that_are_not_valid_are_left_out() -> None:
    world = World()
    world.connect()
    world.journal.redelivered(["AAPL", None, 7, "", "a b\n"])
    world.idle(UNTIL_ALIVE_MS)
    [found] = [event for event in world.events if event.kind is SessionEventKind.REDELIVERED]
    assert (list(found.symbols), found.redelivered) == (["AAPL"], 1)
