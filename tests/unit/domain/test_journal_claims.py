"""What a journal claims: what was received in time and acknowledged, and nothing else."""

from __future__ import annotations

from domain.feed import FeedEventKind, Frame
from tests.support.journal_world import KINDS, SYMBOLS, T0, UNTIL_ALIVE_MS, World, spans, trade


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
