"""Shows the table of `tapeline stack` while its programs run, until the producer has ended or everything is stored."""

import time
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from apps.observability.pipeline_stages import FiringAlert, Stage, StageState
from apps.observability.stage_watch import StageWatch
from apps.output.terminal import View
from apps.runtime.child_processes import Child
from domain.errors import TapelineError
from ports.errors import StoreError

from .alerts import Alerts, facts
from .table import StoredTable

CATCH_UP_TIMEOUT_S: Final = 120.0
POLL_S: Final = 0.1


class StackDisplay:
    """The table, the two programs that fill it, and what watches them. Without alerts a failed program ends the run."""

    def __init__(
        self,
        table: StoredTable,
        *,
        producer: Child,
        aggregator: Child,
        watch: StageWatch,
        alerts: Alerts | None,
        refresh_s: float,
    ) -> None:
        self._table = table
        self._producer = producer
        self._aggregator = aggregator
        self._watch = watch
        self._alerts = alerts
        self._refresh_s = refresh_s

    def show_until_producer_ends(self, view: View, should_stop: Callable[[], bool], duration_s: float | None) -> None:
        """Show the table until the producer has ended, the time is up, or a stop is requested.

        Raise TapelineError if a program fails and there are no alerts. With alerts the other programs keep running, so that the fault can be seen
        and repaired.
        """
        end_s = float("inf") if duration_s is None else time.monotonic() + duration_s
        has_alerts = self._alerts is not None

        def done() -> bool:
            code = self._producer.exit_code()
            has_ended = code == 0 or (code is not None and not has_alerts)
            return should_stop() or has_ended or time.monotonic() >= end_s

        self._show_until(done, view, may_fail=has_alerts)

    def show_until_stored(self, view: View, all_stored: Callable[[], bool]) -> None:
        """Show the table until Spark has stored everything. Raise TapelineError after CATCH_UP_TIMEOUT_S."""
        end_s = time.monotonic() + CATCH_UP_TIMEOUT_S

        def done() -> bool:
            if time.monotonic() > end_s:
                raise TapelineError(f"Spark has not stored everything within {CATCH_UP_TIMEOUT_S:.0f} s")
            return all_stored()

        self._show_until(done, view)
        self._show(view, whole=True)

    def _show_until(self, done: Callable[[], bool], view: View, *, may_fail: bool = False) -> None:
        interval_s = max(self._refresh_s, view.least_interval_s)
        next_s = time.monotonic()
        while not done():
            if not may_fail:
                self._producer.check(may_end=True)
                self._aggregator.check()
            if time.monotonic() >= next_s:
                self._show(view, may_fail=may_fail)
                next_s = time.monotonic() + interval_s
            time.sleep(POLL_S)

    def _show(self, view: View, *, whole: bool = False, may_fail: bool = False) -> None:
        stages = self._watch.stages()
        # A read of a frozen store blocks for seconds, in which the table would not be drawn.
        if not (may_fail and _is_down("Cassandra", stages)):
            try:
                self._table.refresh(whole=whole)
            except StoreError:
                if not may_fail:
                    raise
        snapshot = self._table.snapshot()
        firing: Sequence[FiringAlert] = () if self._alerts is None else self._alerts.firing(stages)
        view.show(attrs.evolve(snapshot, facts={**snapshot.facts, **facts(firing, stages)}))


def _is_down(name: str, stages: Sequence[Stage]) -> bool:
    return any(stage.name == name and stage.state is StageState.DOWN for stage in stages)
