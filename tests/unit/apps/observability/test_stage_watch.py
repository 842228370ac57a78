import threading
import time
from collections.abc import Callable, Sequence

from apps.observability.pipeline_stages import Stage, StageState
from apps.observability.stage_watch import StageCheck, StageWatch


def until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def states(watch: StageWatch) -> dict[str, StageState]:
    return {stage.name: stage.state for stage in watch.stages()}


def fine(name: str) -> StageCheck:
    return StageCheck(names=(name,), run=lambda: [Stage(name=name, state=StageState.OK)])


def test_before_it_has_asked_nothing_is_in_order_or_down() -> None:
    assert states(StageWatch([fine("a"), fine("b")])) == {"a": StageState.WARNING, "b": StageState.WARNING}


def test_one_part_that_hangs_holds_up_no_other_and_is_down_after_a_while() -> None:
    hang = threading.Event()
    calm = threading.Event()

    def run() -> Sequence[Stage]:
        if calm.is_set():
            hang.wait(30)
        return [Stage(name="slow", state=StageState.OK, detail="ready", runbook="runbooks/KafkaDown.md")]

    asked: list[int] = []

    def count() -> Sequence[Stage]:
        asked.append(1)
        return [Stage(name="quick", state=StageState.OK)]

    checks = [StageCheck(names=("slow",), run=run), StageCheck(names=("quick",), run=count)]
    with StageWatch(checks, interval_s=0.01, timeout_s=1.0) as watch:
        until(lambda: states(watch) == {"slow": StageState.OK, "quick": StageState.OK})
        calm.set()
        until(lambda: states(watch)["slow"] is StageState.DOWN)
        [slow, quick] = watch.stages()
        assert (slow.detail, slow.runbook) == ("does not answer", "runbooks/KafkaDown.md")
        assert quick.state is StageState.OK
        before = len(asked)
        until(lambda: len(asked) > before + 3)
        calm.clear()
        hang.set()
        until(lambda: states(watch)["slow"] is StageState.OK)


def test_a_question_that_cannot_be_asked_is_told_and_asked_again() -> None:
    broken = threading.Event()
    broken.set()

    def run() -> Sequence[Stage]:
        if broken.is_set():
            raise KeyError("no such thing")
        return [Stage(name="a", state=StageState.OK), Stage(name="b", state=StageState.OK)]

    with StageWatch([StageCheck(names=("a", "b"), run=run)], interval_s=0.01) as watch:
        until(lambda: [stage.detail for stage in watch.stages()] == ["KeyError", "KeyError"])
        broken.clear()
        until(lambda: states(watch) == {"a": StageState.OK, "b": StageState.OK})
