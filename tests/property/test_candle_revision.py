"""The laws of restatements, on the store in memory: as of now is the current candle, and the past does not change."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.broker import MemoryBroker
from adapters.memory.event_store import MemoryEventStore
from adapters.memory.publisher import MemoryPublisher
from adapters.memory.stores import MemoryCandleStore, MemoryTradeStore
from adapters.memory.subscriber import MemorySubscriber
from adapters.memory.topic_reader import MemoryTopicReader
from apps.services.in_process_aggregator import InProcessAggregator
from domain.candle import Candle, fold
from domain.candle_revision import CLOSING_GRACE_MS, CandleVersion, RevisionReason, candle_as_of, kept_revisions
from domain.candle_update import CandleUpdate
from domain.record import encode
from domain.rules import Rules
from domain.trade import Trade
from domain.window import MINUTE_MS
from domain.windower import Windower
from tests.contract.stores import NOON_MS, make_candle, make_trade

SYMBOL = "AAPL"
LATENESS_MS = MINUTE_MS
FAR_MS = 2**50
reasons = st.sampled_from([None, RevisionReason.LATE_TRADES, RevisionReason.RECONCILE])


@st.composite
def histories(draw: st.DrawFn) -> list[CandleVersion]:
    """Return the versions of one candle, oldest first: those of the open window, then restatements."""
    moments = draw(st.lists(st.integers(1, 60), min_size=1, max_size=8, unique=True).map(sorted))
    forming = draw(st.integers(0, len(moments)))
    return [
        CandleVersion(
            candle=make_candle(SYMBOL, trade_count=number),
            known_at_ms=at_ms,
            reason=None if number < forming else draw(reasons.filter(bool)),
        )
        for number, at_ms in enumerate(moments)
    ]


def kept(history: list[CandleVersion]) -> dict[int, CandleVersion]:
    revisions: dict[int, CandleVersion] = {}
    before = None
    for version in history:
        revisions |= {revision.known_at_ms: revision for revision in kept_revisions(before, version)}
        before = version
    return revisions


@given(histories(), st.integers(0, 70))
def test_as_of_a_moment_is_the_version_of_that_moment_unless_it_was_forming(
    history: list[CandleVersion], as_of_ms: int
) -> None:
    found = candle_as_of(history[-1], kept(history).values(), as_of_ms)
    known = [number for number, version in enumerate(history) if version.known_at_ms <= as_of_ms]
    if not known:
        assert found is None
        return
    [*_, last] = known
    was_forming = history[last].reason is None and last + 1 < len(history) and history[last + 1].reason is None
    assert found == (None if was_forming else history[last].candle)


@given(histories(), st.integers(60, 1_000))
def test_as_of_now_is_the_current_candle(history: list[CandleVersion], later_ms: int) -> None:
    assert candle_as_of(history[-1], kept(history).values(), later_ms) == history[-1].candle


@given(histories())
def test_as_of_changes_only_at_the_moments_of_versions(history: list[CandleVersion]) -> None:
    revisions = kept(history)
    steps = {version.known_at_ms for version in history}
    for at_ms in range(1, 70):
        if at_ms not in steps:
            assert candle_as_of(history[-1], revisions.values(), at_ms) == candle_as_of(
                history[-1], revisions.values(), at_ms - 1
            )


@given(histories())
def test_what_was_known_at_a_moment_stays_so_after_a_restatement(history: list[CandleVersion]) -> None:
    for count in range(1, len(history)):
        if history[count].reason is not None:
            earlier, later = kept(history[:count]), kept(history[: count + 1])
            for at_ms in range(history[count].known_at_ms):
                assert candle_as_of(history[count], later.values(), at_ms) == candle_as_of(
                    history[count - 1], earlier.values(), at_ms
                )


@given(histories())
def test_writing_the_last_version_again_keeps_the_same_revisions(history: list[CandleVersion]) -> None:
    assert kept([*history, history[-1]]) == kept(history)


@pytest.mark.parametrize("ahead_ms", [0, 1])
def test_a_version_that_is_not_older_than_its_successor_is_not_kept(ahead_ms: int) -> None:
    before, after = (
        CandleVersion(candle=make_candle(SYMBOL), known_at_ms=at_ms, reason=RevisionReason.LATE_TRADES)
        for at_ms in (5 + ahead_ms, 5)
    )
    assert kept_revisions(before, after) == [after]


class Aggregated:
    """An aggregator with a clock that a test sets."""

    def __init__(self, store: MemoryCandleStore) -> None:
        self.now_ms = NOON_MS
        self.candles = store
        self._broker = MemoryBroker(now_ms=lambda: self.now_ms)
        subscriber = MemorySubscriber(self._broker, "aggregator", ("trades", "feed.events"))
        subscriber.start()
        publisher = MemoryPublisher(self._broker)
        publisher.start()
        self._aggregator = InProcessAggregator(
            subscriber=subscriber,
            publisher=publisher,
            windower=Windower(window_ms=MINUTE_MS, allowed_lateness_ms=LATENESS_MS),
            trade_store=MemoryTradeStore(),
            candle_store=store,
            event_store=MemoryEventStore(),
            rules=Rules(max_age_ms=86_400_000),
            publish_candles=True,
        )

    def receive(self, now_ms: int, *trades: Trade) -> None:
        self.now_ms = now_ms
        for trade in trades:
            self._broker.append("trades", key=trade.symbol.encode(), value=encode(trade))
        self._aggregator.step(0)

    def as_of(self, as_of_ms: int) -> list[Candle]:
        return list(self.candles.read_as_of(SYMBOL, 0, FAR_MS, MINUTE_MS, as_of_ms=as_of_ms))

    def finish(self) -> None:
        self._aggregator.finish()

    def published(self) -> dict[str, list[CandleUpdate]]:
        updates = defaultdict(list)
        for record in MemoryTopicReader(self._broker).read("candles"):
            update = CandleUpdate.decode(record.value)
            assert record.key == update.key.encode()
            updates[update.key].append(update)
        return updates

    def current(self) -> list[Candle]:
        return list(self.candles.read(SYMBOL, 0, FAR_MS, MINUTE_MS))


def trade(number: int, after_ms: int) -> Trade:
    return make_trade(SYMBOL, NOON_MS + after_ms, f"{number:04}-00000000", price=Decimal(100 + number))


def test_a_late_trade_restates_a_candle_and_the_earlier_one_can_still_be_read() -> None:
    world = Aggregated(MemoryCandleStore())
    on_time, newest, late = trade(0, 1_000), trade(1, MINUTE_MS + CLOSING_GRACE_MS), trade(2, 2_000)
    world.receive(NOON_MS + 1_000, on_time)
    world.receive(NOON_MS + 66_000, newest)
    before = world.current()[0]
    world.receive(NOON_MS + 67_000, late)
    after = world.current()[0]
    assert (before.trade_count, after.trade_count) == (1, 2)
    assert world.as_of(NOON_MS + 999) == []
    assert world.as_of(NOON_MS + 1_000) == [before]
    assert world.as_of(NOON_MS + 66_999)[0] == before
    assert world.as_of(NOON_MS + 67_000)[0] == after
    assert world.as_of(FAR_MS) == world.current()


def test_a_change_within_the_grace_is_no_restatement() -> None:
    world = Aggregated(MemoryCandleStore())
    world.receive(NOON_MS + 1_000, trade(0, 1_000))
    world.receive(NOON_MS + 65_000, trade(1, MINUTE_MS + CLOSING_GRACE_MS - 1))
    world.receive(NOON_MS + 66_000, trade(2, 2_000))
    assert world.as_of(NOON_MS + 64_999) == []
    assert [candle.trade_count for candle in world.as_of(NOON_MS + 66_000)] == [2, 1]


def test_a_candle_that_first_appears_late_was_not_known_before() -> None:
    world = Aggregated(MemoryCandleStore())
    world.receive(NOON_MS + 66_000, trade(0, MINUTE_MS + CLOSING_GRACE_MS))
    world.receive(NOON_MS + 67_000, trade(1, 2_000))
    assert len(world.as_of(NOON_MS + 66_999)) == 1
    assert len(world.as_of(NOON_MS + 67_000)) == 2


@given(
    batches=st.lists(st.lists(st.integers(0, 4 * MINUTE_MS), min_size=1, max_size=4), min_size=1, max_size=8),
    as_of=st.integers(0, 9),
)
def test_what_is_known_never_comes_from_trades_that_arrived_later(batches: list[list[int]], as_of: int) -> None:
    world = Aggregated(MemoryCandleStore())
    arrived: list[tuple[int, Trade]] = []
    for number, batch in enumerate(batches):
        now_ms = NOON_MS + 10 * MINUTE_MS + number
        fresh = [trade(100 * number + place, after_ms) for place, after_ms in enumerate(batch)]
        world.receive(now_ms, *fresh)
        arrived += [(now_ms, each) for each in fresh]
    moment_ms = NOON_MS + 10 * MINUTE_MS + as_of
    known = fold([each for at_ms, each in arrived if at_ms <= moment_ms], MINUTE_MS)
    for candle in world.as_of(moment_ms):
        most = known[candle.window_key]
        # Trades behind the watermark are in no candle.
        assert candle.trade_count <= most.trade_count
        assert candle.high <= most.high
        assert candle.low >= most.low
    assert world.as_of(FAR_MS) == world.current()


@given(st.lists(st.lists(st.integers(0, 4 * MINUTE_MS), min_size=1, max_size=4), min_size=1, max_size=8))
def test_each_version_is_published_and_last_the_final_one(batches: list[list[int]]) -> None:
    world = Aggregated(MemoryCandleStore())
    for number, batch in enumerate(batches):
        fresh = [trade(100 * number + place, after_ms) for place, after_ms in enumerate(batch)]
        world.receive(NOON_MS + 10 * MINUTE_MS + number, *fresh)
    world.finish()
    updates = world.published()
    assert [versions[-1].version.candle for _, versions in sorted(updates.items())] == world.current()
    for versions in updates.values():
        *changes, final = versions
        assert final.is_final
        assert not any(change.is_final for change in changes)
        assert final.version.candle == changes[-1].version.candle
        assert final.version.known_at_ms == changes[-1].version.known_at_ms
        for change in changes:
            if change.version.reason is not None:
                assert change.version.candle in world.as_of(change.version.known_at_ms)


def test_a_row_without_a_moment_counts_as_known_when_its_window_ended() -> None:
    store = MemoryCandleStore()
    candle = make_candle(SYMBOL)
    store.write([candle])
    assert list(store.read_as_of(SYMBOL, 0, FAR_MS, MINUTE_MS, as_of_ms=candle.window_end_ms - 1)) == []
    changed = attrs.evolve(candle, trade_count=9)
    store.write([changed], known_at_ms=candle.window_end_ms + 1, reason=RevisionReason.RECONCILE)
    assert list(store.read_as_of(SYMBOL, 0, FAR_MS, MINUTE_MS, as_of_ms=candle.window_end_ms)) == [candle]
