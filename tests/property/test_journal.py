"""The claims of a journal never exceed what a model of the world has delivered and kept."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.event_store import MemoryEventStore
from domain.feed import FeedEventKind, Frame
from domain.gaps import LOOK_AHEAD_MS, covered_spans, gaps
from domain.session import SessionEventKind
from tests.property.journal_world import KINDS, SYMBOLS, T0, TIMEOUT_MS, UNTIL_ALIVE_MS, World, actions, trade


@given(st.lists(actions, max_size=60))
def test_nothing_is_claimed_that_was_not_received_in_time_and_kept(steps: list[tuple[str, object]]) -> None:
    world = World()
    world.connect()
    for name, argument in steps:
        if name == "cut":
            world.cut = True
        elif name == "read":
            world.read()
        elif name in {"await_one", "lag"} and isinstance(argument, Iterable):
            getattr(world, name)(*argument)
        elif name == "happen" and argument is FeedEventKind.PROVIDER_ERROR:
            continue  # it is a message, and so part of the wire; see below
        else:
            getattr(world, name)(argument)


@given(st.lists(st.integers(1, TIMEOUT_MS), min_size=30, max_size=80))
def test_an_undisturbed_session_claims_everything_up_to_the_last_heartbeat(pauses: list[int]) -> None:
    world = World()
    world.connect()
    begun = world.now
    for pause in pauses:
        world.await_one("AAPL", pause, 0)
        world.acknowledge(100)
    world.idle(UNTIL_ALIVE_MS)
    last = world.events[-1]
    assert last.kind is KINDS.ALIVE
    assert last.symbols == dict.fromkeys(SYMBOLS, begun)
    # When the last read began that something came in.
    assert last.seen_ms == begun + sum(pauses[:-1])
    assert world.now - last.at_ms <= UNTIL_ALIVE_MS


def spans(world: World, symbol: str = "AAPL") -> list[tuple[SessionEventKind, int | None, int]]:
    return [(event.kind, event.symbols.get(symbol), event.seen_ms) for event in world.events]


def test_what_is_not_acknowledged_is_not_claimed() -> None:
    world = World()
    world.connect()
    world.acknowledge(100)
    world.idle(100)
    world.send("AAPL")
    world.read()
    world.idle(UNTIL_ALIVE_MS)
    assert spans(world)[-1] == (KINDS.ALIVE, T0, T0)
    world.acknowledge(100)
    world.idle(UNTIL_ALIVE_MS)
    assert spans(world)[-1] == (KINDS.ALIVE, T0, T0 + 100)


def test_after_records_were_given_up_the_claims_begin_again() -> None:
    world = World()
    world.connect()
    world.acknowledge(100)
    world.idle(100)
    world.send("AAPL")
    world.read()
    world.acknowledge(100)
    world.idle(600)
    world.send("AAPL")
    world.read()
    world.give_up(1)
    world.idle(UNTIL_ALIVE_MS)
    world.acknowledge(100)
    lost, again = [event for event in world.events if event.at_ms > T0 and event.kind is not KINDS.ALIVE]
    assert (lost.kind, lost.symbols, lost.seen_ms) == (KINDS.RECORDS_LOST, dict.fromkeys(SYMBOLS, T0), T0 + 100)
    assert (again.kind, again.symbols) == (KINDS.SUBSCRIBED, dict.fromkeys(SYMBOLS, lost.at_ms + 1))
    world.send("AAPL")
    world.read()
    heard = world.now
    world.acknowledge(100)
    world.idle(UNTIL_ALIVE_MS)
    assert spans(world)[-1] == (KINDS.ALIVE, lost.at_ms + 1, heard)


def test_records_given_up_before_a_connection_cost_it_nothing() -> None:
    world = World()
    world.connect()
    world.send("AAPL")
    world.read()
    world.lose(FeedEventKind.DISCONNECTED)
    world.give_up(100)
    world.connect()
    world.idle(UNTIL_ALIVE_MS)
    assert not [event for event in world.events if event.kind is KINDS.RECORDS_LOST]


def test_a_connection_that_died_unseen_is_claimed_up_to_its_last_message() -> None:
    world = World()
    world.connect()
    world.acknowledge(100)
    world.idle(100)
    world.send(None)
    world.read()
    world.idle(90_000)
    world.acknowledge(100)
    world.lose(FeedEventKind.SILENT)
    assert spans(world)[-1] == (KINDS.SILENT, T0, T0 + 100)
    # The event after it names the symbols, and claims nothing.
    world.happen(FeedEventKind.DISCONNECTED, SYMBOLS)
    assert spans(world)[-1] == (KINDS.DISCONNECTED, world.now, T0 + 100)


def test_a_reader_that_was_blocked_does_not_take_old_messages_for_new_ones() -> None:
    world = World()
    world.connect()
    world.idle(100)
    world.send("AAPL")
    world.send("MSFT")
    world.read()
    world.cut = True
    world.wait(60_000)
    world.publish(world.journal.backpressure(world.now - 60_000, world.now))
    world.read()
    world.acknowledge(100)
    world.lose(FeedEventKind.DISCONNECTED)
    full, free, lost = [event for event in world.events if event.kind is not KINDS.ALIVE][-3:]
    assert (full.kind, full.at_ms) == (KINDS.BUFFER_FULL, T0 + 100)
    assert (free.kind, free.at_ms) == (KINDS.BUFFER_FREE, T0 + 60_100)
    assert lost.kind is KINDS.DISCONNECTED
    assert spans(world)[-1] == (KINDS.DISCONNECTED, T0, T0 + 100)


def test_a_reader_that_was_blocked_and_lost_nothing_claims_all_of_it() -> None:
    world = World()
    world.connect()
    world.send("AAPL")
    world.read()
    world.wait(60_000)
    world.send("AAPL")
    world.read()
    world.await_one("AAPL", 10, 0)
    world.acknowledge(100)
    world.idle(UNTIL_ALIVE_MS)
    assert spans(world)[-1] == (KINDS.ALIVE, T0, T0 + 60_000)


def test_a_reader_that_lags_behind_a_steady_feed_claims_nothing_until_it_has_caught_up() -> None:
    world = World()
    world.connect()
    world.idle(100)
    world.lag(frames=4_000, sent_every_ms=15, read_every_ms=20)
    alive = [event for event in world.events if event.kind is KINDS.ALIVE]
    assert len(alive) > 10
    # Up to where it had last read everything that was there.
    assert {event.seen_ms for event in alive} == {T0 + 100}
    while world.wire:
        world.read()
    world.acknowledge(5_000)
    world.await_one("AAPL", 10, 0)
    world.acknowledge(100)
    caught_up = world.now - 10
    world.idle(UNTIL_ALIVE_MS)
    assert spans(world)[-1] == (KINDS.ALIVE, T0, caught_up)


def test_a_delayed_feed_is_claimed_as_any_other_as_its_reader_waits() -> None:
    world = World()
    world.connect()
    for _ in range(100):
        begun = world.now
        world.wait(100)
        world.journal.read(begun, Frame(payload=b"", received_ms=world.now, drained=True))
        world.handed += 1
        world.reached.append((world.handed, world.now))
        world.journal.received([trade("AAPL", world.now - 900_000)])
        world.acknowledge(100)
        world.mark()
    world.idle(UNTIL_ALIVE_MS)
    assert spans(world)[-1] == (KINDS.ALIVE, T0, world.now - UNTIL_ALIVE_MS - 100)


def test_a_process_that_was_frozen_while_it_waited_claims_up_to_where_it_began_to_wait() -> None:
    world = World()
    world.connect()
    world.idle(100)
    world.await_one("AAPL", 10, 60_000)
    world.acknowledge(100)
    world.idle(UNTIL_ALIVE_MS)
    assert spans(world)[-1] == (KINDS.ALIVE, T0, T0 + 100)


def test_a_reader_that_was_blocked_claims_again_once_nothing_more_is_waiting() -> None:
    world = World()
    world.connect()
    world.wait(60_000)
    world.send(None)
    world.read()
    world.acknowledge(100)
    world.idle(UNTIL_ALIVE_MS)
    assert spans(world)[-1] == (KINDS.ALIVE, T0, T0)
    world.send(None)
    world.read()
    world.acknowledge(100)
    heard = world.now
    world.idle(UNTIL_ALIVE_MS)
    assert spans(world)[-1] == (KINDS.ALIVE, T0, heard)


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


@given(st.lists(actions, max_size=80), st.integers(0, 600_000), st.integers(0, 600_000))
def test_a_store_that_keeps_one_heartbeat_an_hour_knows_all_claims(
    steps: list[tuple[str, object]], first: int, length: int
) -> None:
    world, store = World(), MemoryEventStore()
    world.connect()
    for name, argument in steps:
        if name in {"idle", "subscribe", "connect", "lose", "send", "give_up"}:
            getattr(world, name)(argument)
            world.acknowledge(100)
            world.read()
    store.write(world.events)
    start_ms, end_ms = T0 + first, T0 + first + length
    for symbol in SYMBOLS:
        kept = covered_spans(store.read(symbol, start_ms, end_ms + LOOK_AHEAD_MS), symbol)
        published = covered_spans(world.events, symbol)
        assert gaps(kept, start_ms, end_ms) == gaps(published, start_ms, end_ms)
