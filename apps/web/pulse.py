"""The health of what is served: is the store readable, how fresh is it, how fast do trades come, how long do they take.

1. Lag is measured on the newest trade of the candle that changed last: from the venue's stamp to received, and from received to seen here.
   That is one read of one millisecond of trades for each poll, whatever the rate.
2. A store that has not answered for a while is down before its reader gives up.
3. A stage remembers since when it is in its state.
4. Of a recording, freshness and lag are left out.
"""

from collections.abc import Sequence

import attrs

from apps.services.stats import Quantiles, RateMeter
from domain.trade import Trade

from .source import FiringAlert, Stage, StageState

SAMPLES = 300
"""Newest samples of which the quantiles are told."""
SILENT_MS = 3_000.0
"""A read that lasts so long is as good as none."""


@attrs.frozen(kw_only=True)
class StageReport:
    """A stage, and since when it is as it is."""

    name: str
    state: StageState
    detail: str
    since_ms: int
    runbook: str


@attrs.frozen(kw_only=True)
class Health:
    """How things stand. Durations in milliseconds; None where nothing is known yet, or the figure means nothing."""

    state: StageState
    stages: Sequence[StageReport]
    alerts: Sequence[FiringAlert]
    now_ms: int
    newest_event_ms: int | None
    freshness_ms: int | None
    trades_per_s: float
    feed_lag_ms: tuple[float, float] | None
    """Venue's stamp to received: median and 95th percentile."""
    page_lag_ms: tuple[float, float] | None
    """Received to seen in the store: median and 95th percentile."""
    read_ms: float | None
    """What the last read of the store took, all symbols."""


class Pulse:
    """Takes readings and gives the health. For use by one thread."""

    def __init__(self, *, is_recording: bool, stale_after_s: float) -> None:
        self._is_recording = is_recording
        self._stale_after_s = stale_after_s
        self._rate = RateMeter(10.0)
        self._per_s = 0.0
        self._feed_lag = Quantiles(SAMPLES)
        self._page_lag = Quantiles(SAMPLES)
        self._since: dict[str, tuple[StageState, int]] = {}
        self._read_ms: float | None = None
        self._error = ""

    def read_took(self, read_ms: float) -> None:
        """Take that the store was read."""
        self._read_ms = read_ms
        self._error = ""

    def read_lasts(self, so_far_ms: float) -> None:
        """Take that the store has not answered yet."""
        if so_far_ms > SILENT_MS and not self._error:
            self._error = "does not answer"

    def read_failed(self, error: str) -> None:
        """Take that the store could not be read."""
        self._error = error

    def unreadable(self) -> Sequence[str]:
        """Give why the store cannot be read; nothing when it can."""
        store = self._store()
        return [] if store.state is StageState.OK else [f"the store: {store.detail}"]

    def sampled(self, trade: Trade, now_ms: int) -> None:
        """Take a trade that was just seen in the store."""
        if not self._is_recording:
            self._feed_lag.add(trade.latency_ms)
            self._page_lag.add(now_ms - trade.received_ms)

    def folded(self, now_s: float, total: int) -> None:
        """Take the running total of trades in candles, at this moment of a monotonic clock."""
        self._per_s = self._rate.rate(now_s, total)

    def health(
        self, *, now_ms: int, newest_event_ms: int | None, before: Sequence[Stage], alerts: Sequence[FiringAlert] = ()
    ) -> Health:
        """Give the health; `before` are the stages before the store, `alerts` what fires."""
        fresh_ms = None if newest_event_ms is None or self._is_recording else max(0, now_ms - newest_event_ms)
        stages = [*before, self._store(), self._data(newest_event_ms, fresh_ms)]
        return Health(
            state=_worst(stages, alerts),
            stages=[self._report(stage, now_ms) for stage in stages],
            alerts=alerts,
            now_ms=now_ms,
            newest_event_ms=newest_event_ms,
            freshness_ms=fresh_ms,
            trades_per_s=round(self._per_s, 1),
            feed_lag_ms=_middle_and_tail(self._feed_lag),
            page_lag_ms=_middle_and_tail(self._page_lag),
            read_ms=self._read_ms,
        )

    def _store(self) -> Stage:
        if self._error:
            return Stage(name="Store", state=StageState.DOWN, detail=self._error)
        if self._read_ms is None:
            return Stage(name="Store", state=StageState.WARNING, detail="not read yet")
        return Stage(name="Store", state=StageState.OK, detail=f"read in {self._read_ms:.0f} ms")

    def _data(self, newest_event_ms: int | None, fresh_ms: int | None) -> Stage:
        if newest_event_ms is None:
            return Stage(name="Data", state=StageState.WARNING, detail="no candles yet")
        if fresh_ms is None:
            return Stage(name="Data", state=StageState.OK, detail="a recording")
        is_stale = fresh_ms > self._stale_after_s * 1000
        if is_stale:
            return Stage(name="Data", state=StageState.DOWN, detail="no new trades")
        return Stage(name="Data", state=StageState.OK, detail="fresh")

    def _report(self, stage: Stage, now_ms: int) -> StageReport:
        state, since_ms = self._since.get(stage.name, (None, now_ms))
        if state is not stage.state:
            since_ms = now_ms
            self._since[stage.name] = (stage.state, now_ms)
        return StageReport(
            name=stage.name, state=stage.state, detail=stage.detail, since_ms=since_ms, runbook=stage.runbook
        )


def _worst(stages: Sequence[Stage], alerts: Sequence[FiringAlert]) -> StageState:
    states = {stage.state for stage in stages}
    if alerts:
        states.add(StageState.WARNING)
    return next((state for state in (StageState.DOWN, StageState.WARNING) if state in states), StageState.OK)


def _middle_and_tail(quantiles: Quantiles) -> tuple[float, float] | None:
    middle, tail = quantiles.at(0.5), quantiles.at(0.95)
    return None if middle is None or tail is None else (middle, tail)
