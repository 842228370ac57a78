import asyncio

import attrs
from hypothesis import given
from hypothesis import strategies as st

from apps.observability.pipeline_stages import Stage, StageState
from apps.web.coalescing_queue import CoalescingQueue
from apps.web.latest_candles import LatestCandles, WindowKey
from apps.web.page_source import Horizon
from apps.web.pipeline_health import HealthTracker
from domain.candle import Candle
from domain.candle_state import candle_state
from domain.window import MINUTE_MS
from tests.contract.stores import NOON_MS, make_candle, make_trade

SYMBOLS = ("A", "B")


def candle(symbol: str, window: int, count: int) -> Candle:
    return attrs.evolve(make_candle(symbol, NOON_MS + window * MINUTE_MS), trade_count=count)


candles = st.builds(candle, st.sampled_from(SYMBOLS), st.integers(0, 8), st.integers(1, 3))


@given(st.lists(st.lists(candles, max_size=6), max_size=12), st.integers(0, 12))
def test_what_changed_since_a_revision_brings_that_moments_state_up_to_date(
    batches: list[list[Candle]], seen: int
) -> None:
    latest = LatestCandles(depth=3)
    revision, known = 0, {}
    news: set[WindowKey] = set()
    for i, batch in enumerate(batches):
        if i == seen:
            revision = latest.revision
            known = {found.window_key: found for symbol in SYMBOLS for found in latest.history(symbol)}
            news = set()
        news |= {found.window_key for found in latest.apply(batch)}
    missed = latest.changed_since(latest.epoch, revision)
    everything = {found.window_key: found for symbol in SYMBOLS for found in latest.history(symbol)}
    if missed is not None:
        # Nothing that changed since is left out because it was forgotten meanwhile.
        assert seen >= len(batches) or news <= {found.window_key for found in missed}
        merged = {**known, **{found.window_key: found for found in missed}}
        assert {slot: merged[slot] for slot in everything} == everything
    assert all(len(latest.history(symbol)) <= 3 for symbol in SYMBOLS)


def test_a_read_that_changes_nothing_is_no_news() -> None:
    latest = LatestCandles()
    assert latest.apply([candle("A", 0, 1)]) == [candle("A", 0, 1)]
    assert latest.apply([candle("A", 0, 1)]) == []
    assert latest.revision == 1


def test_a_window_older_than_what_is_kept_is_no_news() -> None:
    latest = LatestCandles(depth=2)
    latest.apply([candle("A", window, 1) for window in (1, 2, 3)])
    assert latest.apply([candle("A", 1, 1)]) == []


def test_a_mailbox_keeps_the_newest_state_and_never_grows_beyond_its_size() -> None:
    queue = CoalescingQueue(capacity=10)
    for count in range(1000):
        queue.put([candle("A", 0, count)])
    assert len(queue) == 1
    update = asyncio.run(queue.take())
    assert (update.candles, update.reset) == ([candle("A", 0, 999)], False)
    for window in range(1000):
        queue.put([candle("A", window, 1)])
        assert len(queue) <= 10
    assert asyncio.run(queue.take()).reset


def test_a_candle_forms_then_settles_then_is_final() -> None:
    found = make_candle("A")
    end_ms = found.window_end_ms
    at = {
        moment_ms: candle_state(found, newest_event_ms=moment_ms, lateness_ms=60_000)
        for moment_ms in (None, end_ms - 1, end_ms, end_ms + 59_999, end_ms + 60_000)
    }
    assert list(at.values()) == ["forming", "forming", "settling", "settling", "final"]


def health_of(
    tracker: HealthTracker, now_ms: int, newest_ms: int | None, *stages: Stage
) -> dict[str, tuple[StageState, int]]:
    health = tracker.health(now_ms=now_ms, newest_event_ms=newest_ms, stages=stages)
    return {stage.name: (stage.state, stage.since_ms) for stage in health.stages}


def test_stages_say_since_when_they_are_as_they_are() -> None:
    tracker = HealthTracker(is_recording=False, stale_after_s=30)
    tracker.read_succeeded(1.5)
    assert health_of(tracker, 1_000, 900)["Data"] == (StageState.OK, 1_000)
    assert health_of(tracker, 31_000, 900)["Data"] == (StageState.DOWN, 31_000)
    assert health_of(tracker, 40_000, 900)["Data"] == (StageState.DOWN, 31_000)
    tracker.read_failed("away")
    assert health_of(tracker, 41_000, 40_900)["Store"] == (StageState.DOWN, 41_000)
    tracker.read_succeeded(2)
    assert health_of(tracker, 42_000, 41_900)["Store"] == (StageState.OK, 42_000)


def test_the_whole_is_as_the_worst_of_its_stages() -> None:
    tracker = HealthTracker(is_recording=False, stale_after_s=30)
    tracker.read_succeeded(1)
    for worst in StageState:
        stages = [Stage(name="Feed", state=worst), Stage(name="Intake", state=StageState.OK)]
        assert tracker.health(now_ms=10, newest_event_ms=5, stages=stages).state is worst


def test_lag_and_freshness_of_a_recording_are_left_out() -> None:
    trade = make_trade("A", received_ms=NOON_MS + 20)
    for is_recording, feed_lag, fresh_ms in ((False, (20, 20), 100), (True, None, None)):
        tracker = HealthTracker(is_recording=is_recording, stale_after_s=30)
        tracker.sample_lag(trade, NOON_MS + 70)
        health = tracker.health(now_ms=NOON_MS + 100, newest_event_ms=NOON_MS, stages=())
        assert (health.feed_lag_ms, health.freshness_ms) == (feed_lag, fresh_ms)
        assert health.page_lag_ms == (None if is_recording else (50, 50))


def test_a_horizon_looks_far_back_once_and_then_at_what_is_recent() -> None:
    live = Horizon(lookback_ms=1_000_000)
    assert (live.first_ms(5_000_000), live.resume_from_ms(5_000_000, 180_000)) == (4_000_000, 4_820_000)
    recorded = Horizon(from_ms=7, to_ms=9)
    assert (recorded.first_ms(5_000_000), recorded.resume_from_ms(5_000_000, 1), recorded.end_ms(5_000_000)) == (
        7,
        7,
        9,
    )


def test_trades_are_counted_by_what_candles_gain() -> None:
    latest = LatestCandles()
    latest.apply([candle("A", 0, 3)])
    latest.apply([candle("A", 0, 5), attrs.evolve(candle("B", 0, 1), update_count=2)])
    assert latest.total_trades == 8
