"""The claims of a journal never exceed what a model of the world has delivered and kept."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.event_store import MemoryEventStore
from domain.feed import FeedEventKind
from domain.gaps import LOOK_AHEAD_MS, covered_spans, gaps
from tests.support.journal_world import KINDS, SYMBOLS, T0, TIMEOUT_MS, UNTIL_ALIVE_MS, World, actions


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
