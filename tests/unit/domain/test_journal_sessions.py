"""Which events a journal reports: sessions, their symbols and heartbeats."""

from __future__ import annotations

from domain.feed import FeedEventKind
from tests.support.journal_world import KINDS, T0, UNTIL_ALIVE_MS, World, spans


def test_a_dropped_symbol_is_reported_and_its_claim_begins_again_when_it_returns() -> None:
    world = World()
    world.connect(("AAPL", "MSFT"))
    world.wait(1_000)
    world.subscribe(("MSFT",))
    assert spans(world)[-2:] == [(KINDS.UNSUBSCRIBED, T0, T0), (KINDS.SUBSCRIBED, None, T0)]
    assert "MSFT" not in world.events[-2].symbols
    world.wait(1_000)
    world.subscribe(("MSFT", "AAPL"))
    assert world.events[-1].symbols == {"MSFT": T0, "AAPL": T0 + 2_000}


def test_after_an_error_of_the_provider_only_symbols_with_trades_are_claimed() -> None:
    world = World()
    world.connect()
    world.send("AAPL")
    world.read()
    world.happen(FeedEventKind.PROVIDER_ERROR)
    world.idle(UNTIL_ALIVE_MS)
    assert world.events[-1].symbols.keys() == {"AAPL"}
    world.send("MSFT")
    world.read()
    world.idle(UNTIL_ALIVE_MS)
    assert world.events[-1].symbols == {"AAPL": T0, "MSFT": T0}


def test_heartbeats_come_as_often_as_configured_and_only_while_connected() -> None:
    world = World()
    world.idle(60_000)
    assert not world.events
    world.connect()
    world.idle(60_000)
    alive = [event.at_ms for event in world.events if event.kind is KINDS.ALIVE]
    assert 10 <= len(alive) <= 12
    world.lose(FeedEventKind.DISCONNECTED)
    count = len(world.events)
    world.idle(60_000)
    assert len(world.events) == count


def test_each_connection_is_a_session_of_its_own() -> None:
    world = World()
    world.connect()
    world.lose(FeedEventKind.DISCONNECTED)
    world.wait(1_000)
    world.connect()
    world.publish(world.journal.stopped(world.now, world.standing()))
    assert not world.journal.stopped(world.now, world.standing())
    sessions = [event.session for event in world.events]
    assert sorted(set(sessions)) == ["r-1", "r-2"]
    assert world.events[-1].kind is KINDS.STOPPED


def test_symbols_that_no_trade_can_have_are_left_out() -> None:
    world = World()
    world.since = {'A"B': T0}
    world.connect(("AAPL", 'A"B', ""))
    assert all(event.symbols.keys() == {"AAPL"} for event in world.events)


def test_a_clock_that_is_set_back_does_not_stop_the_heartbeats() -> None:
    world = World()
    world.connect()
    world.idle(20_000)
    world.now -= 3_600_000
    count = len(world.events)
    world.idle(UNTIL_ALIVE_MS)
    assert len(world.events) > count
    assert all(event.seen_ms <= event.at_ms for event in world.events)
