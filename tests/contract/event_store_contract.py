"""What every store of events promises, whatever is behind it."""

import random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.session import HOUR_MS, SessionEvent, SessionEventKind
from ports.event_store import EventStore
from tests.support import strategies

from .stores import DAY_MS, MIDNIGHT_MS, NOON_MS, fresh_symbol, round_trips


def make_event(symbol: str, at_ms: int = NOON_MS, **changes: object) -> SessionEvent:
    values: dict[str, object] = {
        "instance": "producer-1",
        "session": "5f3a9c1e-1",
        "kind": SessionEventKind.SUBSCRIBED,
        "at_ms": at_ms,
        "seen_ms": at_ms - 20,
        "detail": "",
        "symbols": {symbol: at_ms - 5_000},
        **changes,
    }
    return SessionEvent(**values)  # type: ignore[arg-type]


ALIVE = SessionEventKind.ALIVE


class EventStoreContract:
    """Subclasses provide a fixture `store`, started, that may hold other tests' events, and pages small enough for 1,100 rows to need several."""

    @pytest.fixture
    def symbol(self) -> str:
        return fresh_symbol()

    def test_an_event_comes_back_as_it_was_written(self, store: EventStore, symbol: str) -> None:
        for kind in SessionEventKind:
            event = make_event(symbol, NOON_MS + 617, kind=kind, detail="closed by the server: 1008 {}'%s")
            store.write([event])
            assert event in list(store.read(symbol, NOON_MS, NOON_MS + 618))

    def test_an_event_is_kept_for_each_of_its_symbols_and_read_about_one(self, store: EventStore) -> None:
        symbols = {fresh_symbol(name): NOON_MS - n for n, name in enumerate(("a", "A", "IC MARKETS:1"))}
        event = make_event("", symbols=symbols)
        store.write([event])
        for symbol in symbols:
            assert list(store.read(symbol, NOON_MS, NOON_MS + 1)) == [event.about(symbol)]

    def test_an_event_without_symbols_is_not_kept(self, store: EventStore, symbol: str) -> None:
        store.write([make_event(symbol, symbols={})])
        assert list(store.read("", NOON_MS, NOON_MS + 1)) == []

    def test_events_come_back_by_time_whatever_order_they_came_in(self, store: EventStore, symbol: str) -> None:
        events = [make_event(symbol, NOON_MS + ms) for ms in range(200)]
        store.write(random.Random(7).sample(events, len(events)))
        assert list(store.read(symbol, NOON_MS, NOON_MS + 200)) == events

    def test_the_range_holds_its_start_and_not_its_end(self, store: EventStore, symbol: str) -> None:
        events = [make_event(symbol, NOON_MS + ms) for ms in range(4)]
        store.write(events)
        assert list(store.read(symbol, NOON_MS + 1, NOON_MS + 3)) == events[1:3]
        assert list(store.read(symbol, NOON_MS + 3, NOON_MS + 1)) == []

    def test_of_an_hours_signs_of_life_the_newest_stays_in_whatever_order_they_come(
        self, store: EventStore, symbol: str
    ) -> None:
        signs = [make_event(symbol, NOON_MS + n * 5_000, kind=ALIVE) for n in range(720)]
        newest = signs[-1]
        random.Random(7).shuffle(signs)
        store.write(signs[:300])
        store.write(signs[300:])
        store.write(signs[:10])
        assert list(store.read(symbol, NOON_MS, NOON_MS + HOUR_MS)) == [newest]

    def test_a_sign_of_life_is_found_from_any_moment_of_its_hour_up_to_its_own(
        self, store: EventStore, symbol: str
    ) -> None:
        sign = make_event(symbol, NOON_MS + 1_800_000, kind=ALIVE)
        store.write([sign])
        for start_ms, end_ms in ((NOON_MS, NOON_MS + 1), (NOON_MS + 1_799_000, NOON_MS + 1_799_001)):
            assert list(store.read(symbol, start_ms, end_ms)) == [sign]
        assert list(store.read(symbol, NOON_MS + 1_800_001, NOON_MS + HOUR_MS)) == []
        assert list(store.read(symbol, NOON_MS - HOUR_MS, NOON_MS)) == []

    def test_sessions_and_producers_do_not_mix(self, store: EventStore, symbol: str) -> None:
        events = [
            make_event(symbol, NOON_MS + n, kind=ALIVE, instance=instance, session=session)
            for n, (instance, session) in enumerate([("a", "1"), ("a", "2"), ("b", "1")])
        ]
        store.write(events)
        assert list(store.read(symbol, NOON_MS, NOON_MS + 10)) == events

    def test_writing_again_changes_nothing(self, store: EventStore, symbol: str) -> None:
        events = [make_event(symbol, NOON_MS + ms, kind=kind) for ms in range(5) for kind in (ALIVE, "connected")]
        events = [attrs.evolve(event, kind=SessionEventKind(event.kind)) for event in events]
        store.write(events)
        before = list(store.read(symbol, NOON_MS, NOON_MS + 10))
        store.write(events[3:] + events[:3])
        store.write([*events, *events])
        assert list(store.read(symbol, NOON_MS, NOON_MS + 10)) == before
        assert len(before) == 6

    def test_a_range_of_many_days_is_in_order_over_all_of_them(self, store: EventStore, symbol: str) -> None:
        moments = [MIDNIGHT_MS + day * DAY_MS + ms for day in (0, 1, 2, 9, 70) for ms in (-1, 0, 1)]
        events = [make_event(symbol, moment) for moment in moments]
        store.write(reversed(events))
        assert list(store.read(symbol, MIDNIGHT_MS - DAY_MS, MIDNIGHT_MS + 71 * DAY_MS)) == events

    def test_more_events_than_a_page_come_back(self, store: EventStore, symbol: str) -> None:
        events = [make_event(symbol, NOON_MS + ms) for ms in range(1_100)]
        store.write(iter(events))
        assert list(store.read(symbol, NOON_MS, NOON_MS + 1_100)) == events

    def test_an_unknown_symbol_has_no_events(self, store: EventStore, symbol: str) -> None:
        assert list(store.read(symbol, NOON_MS, NOON_MS + DAY_MS)) == []

    def test_writing_nothing_is_fine(self, store: EventStore) -> None:
        store.write([])

    @round_trips
    @given(events=st.lists(strategies.session_events(symbol=strategies.few_symbols), max_size=20))
    def test_what_is_written_is_what_is_read_the_later_of_one_key(
        self, store: EventStore, events: list[SessionEvent]
    ) -> None:
        names = {symbol: fresh_symbol(symbol) for event in events for symbol in event.symbols}
        # One moment is one event here: of two at once either may stay.
        events = list({event.at_ms: event for event in events}.values())
        renamed = [
            attrs.evolve(event, symbols={names[symbol]: since for symbol, since in event.symbols.items()})
            for event in events
        ]
        store.write(renamed)
        for symbol in names.values():
            kept: dict[object, SessionEvent] = {}
            for event in sorted(renamed, key=lambda event: event.at_ms):
                if symbol in event.symbols:
                    kept[event.bucket_ms, event.instance, event.session, event.kind] = event.about(symbol)
            found = list(store.read(symbol, strategies.T0_MS - DAY_MS, strategies.T0_MS + DAY_MS))
            assert found == sorted(kept.values(), key=lambda event: event.at_ms)
