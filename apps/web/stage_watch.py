"""Asks the parts of a pipeline how they are, once a second, each in a thread of its own: one that does not answer holds up no other.

1. Each question is bounded in time by itself. One that has not come back for LONGEST_S all the same counts as a part that does not answer.
2. Who wants to know gets the latest answers, at once.
"""

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

import attrs

from .source import Stage, StageState

EVERY_S: Final = 1.0
LONGEST_S: Final = 10.0


@attrs.frozen(kw_only=True)
class Question:
    """How to ask a part; the answer has a stage for each of the names, in their order."""

    names: tuple[str, ...]
    ask: Callable[[], Sequence[Stage]]


@attrs.frozen(kw_only=True)
class _Answer:
    stages: Sequence[Stage]
    at_s: float


class StageWatch:
    """Asks while its block is entered."""

    def __init__(
        self, questions: Sequence[Question], *, every_s: float = EVERY_S, longest_s: float = LONGEST_S
    ) -> None:
        self._questions = tuple(questions)
        self._every_s = every_s
        self._longest_s = longest_s
        self._answers: dict[int, _Answer] = {}
        self._begun_s = time.monotonic()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._begun_s = time.monotonic()
        for number, question in enumerate(self._questions):
            name = f"watch {question.names[0]}"
            thread = threading.Thread(target=self._run, args=(number, question), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        end_s = time.monotonic() + self._longest_s
        for thread in self._threads:
            thread.join(max(0.0, end_s - time.monotonic()))

    def stages(self) -> Sequence[Stage]:
        """Give the latest answers, in the order of the questions."""
        now_s = time.monotonic()
        return [
            stage for number, question in enumerate(self._questions) for stage in self._latest(number, question, now_s)
        ]

    def _latest(self, number: int, question: Question, now_s: float) -> Sequence[Stage]:
        answer = self._answers.get(number)
        is_late = now_s - (self._begun_s if answer is None else answer.at_s) > self._longest_s
        if answer is None:
            state = StageState.DOWN if is_late else StageState.WARNING
            return [Stage(name=name, state=state, detail="not asked yet") for name in question.names]
        if is_late:
            return [attrs.evolve(stage, state=StageState.DOWN, detail="does not answer") for stage in answer.stages]
        return answer.stages

    def _run(self, number: int, question: Question) -> None:
        while not self._stop.is_set():
            self._answers[number] = _Answer(stages=_ask(question), at_s=time.monotonic())
            self._stop.wait(self._every_s)


def _ask(question: Question) -> Sequence[Stage]:
    try:
        return question.ask()
    except Exception as error:  # noqa: BLE001 - a question that cannot be asked is told as such, and asked again
        return [Stage(name=name, state=StageState.WARNING, detail=type(error).__name__) for name in question.names]
