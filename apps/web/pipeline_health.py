"""The health of the pipeline as seen from its store: readability, freshness, trade rate, lag.

1. Lag is measured on the newest trade of the candle that changed last: from the venue's timestamp to reception, and from reception to visible in the
   store. This costs one read of one millisecond of trades per poll, at any trade rate.
2. A store that has not answered for UNRESPONSIVE_MS is down, also while its read has not timed out.
3. Each stage has the time of its last change of state.
4. A recording has neither freshness nor lag.
"""

from collections.abc import Sequence
from typing import Final

import attrs

from apps.observability.pipeline_stages import FiringAlert, Stage, StageState
from apps.services.stats import Quantiles, RateMeter
from domain.trade import Trade

SAMPLES: Final = 300
"""Number of newest samples behind the quantiles."""
UNRESPONSIVE_MS: Final = 3_000.0


@attrs.frozen(kw_only=True)
class StageReport:
    """A stage and the time of its last change of state."""

    name: str
    state: StageState
    detail: str
    since_ms: int
    runbook: str


@attrs.frozen(kw_only=True)
class PipelineHealth:
    """The health at one moment. Durations are in milliseconds; None if a figure is unknown or has no meaning."""

    state: StageState
    stages: Sequence[StageReport]
    alerts: Sequence[FiringAlert]
    now_ms: int
    newest_event_ms: int | None
    freshness_ms: int | None
    trades_per_s: float
    feed_lag_ms: tuple[float, float] | None
    """From the venue's timestamp to reception: median and 95th percentile."""
    page_lag_ms: tuple[float, float] | None
    """From reception to visible in the store: median and 95th percentile."""
    read_ms: float | None
    """Duration of the last read of the store, all symbols."""


class HealthTracker:
    """Collects measurements and returns the health. For use by one thread."""

    def __init__(self, *, is_recording: bool, stale_after_s: float) -> None:
        self._is_recording = is_recording
        self._stale_after_s = stale_after_s
        self._rate = RateMeter(10.0)
        self._per_s = 0.0
        self._feed_lag = Quantiles(SAMPLES)
        self._page_lag = Quantiles(SAMPLES)
        self._states: dict[str, tuple[StageState, int]] = {}
        self._read_ms: float | None = None
        self._error = ""

    def read_succeeded(self, read_ms: float) -> None:
        """Record a successful read of the store and its duration."""
        self._read_ms = read_ms
        self._error = ""

    def read_pending(self, elapsed_ms: float) -> None:
        """Record that a read of the store is still running."""
        if elapsed_ms > UNRESPONSIVE_MS and not self._error:
            self._error = "does not answer"

    def read_failed(self, error: str) -> None:
        """Record a failed read of the store."""
        self._error = error

    def store_errors(self) -> Sequence[str]:
        """Return why the store is not readable; empty if it is."""
        store = self._store()
        return [] if store.state is StageState.OK else [f"the store: {store.detail}"]

    def sample_lag(self, trade: Trade, now_ms: int) -> None:
        """Add the lag of a trade that has just become visible in the store."""
        if not self._is_recording:
            self._feed_lag.add(trade.latency_ms)
            self._page_lag.add(now_ms - trade.received_ms)

    def count_trades(self, now_s: float, total: int) -> None:
        """Record the running total of trades in candles; `now_s` is the time of a monotonic clock."""
        self._per_s = self._rate.rate(now_s, total)

    def health(
        self,
        *,
        now_ms: int,
        newest_event_ms: int | None,
        stages: Sequence[Stage],
        alerts: Sequence[FiringAlert] = (),
    ) -> PipelineHealth:
        """Return the health; `stages` are those before the store."""
        freshness_ms = None if newest_event_ms is None or self._is_recording else max(0, now_ms - newest_event_ms)
        all_stages = [*stages, self._store(), self._data(newest_event_ms, freshness_ms)]
        return PipelineHealth(
            state=_worst(all_stages, alerts),
            stages=[self._report(stage, now_ms) for stage in all_stages],
            alerts=alerts,
            now_ms=now_ms,
            newest_event_ms=newest_event_ms,
            freshness_ms=freshness_ms,
            trades_per_s=round(self._per_s, 1),
            feed_lag_ms=_p50_p95(self._feed_lag),
            page_lag_ms=_p50_p95(self._page_lag),
            read_ms=self._read_ms,
        )

    def _store(self) -> Stage:
        if self._error:
            return Stage(name="Store", state=StageState.DOWN, detail=self._error)
        if self._read_ms is None:
            return Stage(name="Store", state=StageState.WARNING, detail="not read yet")
        return Stage(name="Store", state=StageState.OK, detail=f"read in {self._read_ms:.0f} ms")

    def _data(self, newest_event_ms: int | None, freshness_ms: int | None) -> Stage:
        if newest_event_ms is None:
            return Stage(name="Data", state=StageState.WARNING, detail="no candles yet")
        if freshness_ms is None:
            return Stage(name="Data", state=StageState.OK, detail="a recording")
        if freshness_ms > self._stale_after_s * 1000:
            return Stage(name="Data", state=StageState.DOWN, detail="no new trades")
        return Stage(name="Data", state=StageState.OK, detail="fresh")

    def _report(self, stage: Stage, now_ms: int) -> StageReport:
        state, since_ms = self._states.get(stage.name, (None, now_ms))
        if state is not stage.state:
            since_ms = now_ms
            self._states[stage.name] = (stage.state, now_ms)
        return StageReport(
            name=stage.name, state=stage.state, detail=stage.detail, since_ms=since_ms, runbook=stage.runbook
        )


def _worst(stages: Sequence[Stage], alerts: Sequence[FiringAlert]) -> StageState:
    states = {stage.state for stage in stages}
    if alerts:
        states.add(StageState.WARNING)
    return next((state for state in (StageState.DOWN, StageState.WARNING) if state in states), StageState.OK)


def _p50_p95(quantiles: Quantiles) -> tuple[float, float] | None:
    p50, p95 = quantiles.at(0.5), quantiles.at(0.95)
    return None if p50 is None or p95 is None else (p50, p95)
