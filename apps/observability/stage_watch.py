"""Checks the parts of a pipeline once a second, each in its own thread: a part that does not answer delays no other.

1. Each check has its own time limit. If a check nevertheless runs longer than TIMEOUT_S, its stages are down.
2. `stages` returns the latest results and never waits.
"""

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

import attrs

from .pipeline_stages import Stage, StageState

INTERVAL_S: Final = 1.0
TIMEOUT_S: Final = 10.0


@attrs.frozen(kw_only=True)
class StageCheck:
    """Checks one part; the result has one stage for each name, in the same order."""

    names: tuple[str, ...]
    run: Callable[[], Sequence[Stage]]


@attrs.frozen(kw_only=True)
class _Result:
    stages: Sequence[Stage]
    at_s: float


class StageWatch:
    """Runs the checks while its context is active."""

    def __init__(
        self, checks: Sequence[StageCheck], *, interval_s: float = INTERVAL_S, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._checks = tuple(checks)
        self._interval_s = interval_s
        self._timeout_s = timeout_s
        self._results: dict[int, _Result] = {}
        self._start_s = time.monotonic()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start_s = time.monotonic()
        for number, check in enumerate(self._checks):
            name = f"watch {check.names[0]}"
            thread = threading.Thread(target=self._run, args=(number, check), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        end_s = time.monotonic() + self._timeout_s
        for thread in self._threads:
            thread.join(max(0.0, end_s - time.monotonic()))

    def stages(self) -> Sequence[Stage]:
        """Return the latest stages, in the order of the checks."""
        now_s = time.monotonic()
        return [stage for number, check in enumerate(self._checks) for stage in self._latest(number, check, now_s)]

    def _latest(self, number: int, check: StageCheck, now_s: float) -> Sequence[Stage]:
        result = self._results.get(number)
        is_late = now_s - (self._start_s if result is None else result.at_s) > self._timeout_s
        if result is None:
            state = StageState.DOWN if is_late else StageState.WARNING
            return [Stage(name=name, state=state, detail="not checked yet") for name in check.names]
        if is_late:
            return [attrs.evolve(stage, state=StageState.DOWN, detail="does not answer") for stage in result.stages]
        return result.stages

    def _run(self, number: int, check: StageCheck) -> None:
        while not self._stop.is_set():
            self._results[number] = _Result(stages=_run_check(check), at_s=time.monotonic())
            self._stop.wait(self._interval_s)


def _run_check(check: StageCheck) -> Sequence[Stage]:
    try:
        return check.run()
    except Exception as error:  # noqa: BLE001 - the failure itself becomes a stage, and the check runs again
        return [Stage(name=name, state=StageState.WARNING, detail=type(error).__name__) for name in check.names]
