"""The health of the parts of `tapeline stack`, each checked as its users would: programs by /readyz, servers over their own protocols.

1. A part that accepts connections and does not answer is down, as is one that is gone.
2. A program has some time to start; until then it has a warning, and is not down.
3. A stage that is not healthy names a runbook at once. The alert with that runbook fires later, after its hold time.
"""

import time
import urllib.error
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

from apps.http_security.endpoint_client import EndpointClient
from apps.observability.health import FEED_UNAVAILABLE
from apps.observability.pipeline_stages import Stage, StageState
from apps.observability.stage_watch import StageCheck, StageWatch
from apps.runtime.child_processes import Child
from ports.errors import PortError
from ports.probe import Probe

ANSWER_S: Final = 3.0
"""A part that has not answered for this time is down."""
START_S: Final = 60.0
GONE: Final = "does not answer"
_OPEN: Final = EndpointClient()


@contextmanager
def stack_watch(
    *,
    kafka: Probe,
    cassandra: Probe,
    producer: "Program",
    aggregator: "Program",
    spark_port: int | None,
    watchers: Mapping[str, str],
) -> Iterator[StageWatch]:
    """Check the stages while the block runs; `watchers` are addresses, by stage, that answer 200 while a monitoring program is healthy."""
    spark = None if spark_port is None else f"http://127.0.0.1:{spark_port}/-/healthy"
    checks = [
        StageCheck(names=("Feed", "Producer"), run=lambda: producer_stages(producer)),
        server_check("Kafka", kafka),
        StageCheck(names=("Aggregator",), run=lambda: [aggregator_stage(aggregator, spark)]),
        server_check("Cassandra", cassandra),
        *(page_check(name, url) for name, url in watchers.items()),
    ]
    with ExitStack() as stack:
        for probe in (kafka, cassandra):
            stack.callback(probe.close)
            probe.start()
        yield stack.enter_context(StageWatch(checks))


class Program:
    """A child process, checked at its port: any program that answers there counts, also one that was restarted by hand."""

    def __init__(self, child: Child, port: int, client: EndpointClient = _OPEN) -> None:
        self._child = child
        self._client = client
        self._url = f"{client.scheme}://127.0.0.1:{port}/readyz"
        self._begun_s = time.monotonic()
        self._was_ready = False

    @property
    def is_starting(self) -> bool:
        """Whether it has never been ready and its time to start is not over."""
        return not self._was_ready and time.monotonic() - self._begun_s < START_S

    def ask(self) -> Sequence[str] | None:
        """Return the reasons why it is not ready, empty if it is ready, None if it does not answer."""
        reasons = ask_page(self._url, self._client)
        if reasons is not None and not reasons:
            self._was_ready = True
        return reasons

    def end(self) -> tuple[StageState, str]:
        """Return the state of a program that does not answer, from its exit code."""
        code = self._child.exit_code()
        if code == 0:
            return StageState.OK, "has ended"
        if code is not None:
            return StageState.DOWN, f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        return (StageState.WARNING, "starting") if self.is_starting else (StageState.DOWN, GONE)


def producer_stages(program: Program) -> Sequence[Stage]:
    """Return the stages of the feed and the producer; the producer answers for both."""
    reasons = program.ask()
    if reasons is None:
        state, detail = program.end()
        feed = (
            (state, detail)
            if state is StageState.OK
            else (StageState.WARNING, "not known: the producer does not answer")
        )
    else:
        away = StageState.WARNING if program.is_starting else StageState.DOWN
        feed = (away, FEED_UNAVAILABLE) if FEED_UNAVAILABLE in reasons else (StageState.OK, "connected")
        others = [reason for reason in reasons if reason != FEED_UNAVAILABLE]
        # It still takes trades into its buffer.
        state, detail = (StageState.WARNING, "; ".join(others)) if others else (StageState.OK, "ready")
    return [_stage("Feed", feed, "FeedDisconnected"), _stage("Producer", (state, detail), "ProducerDown")]


def aggregator_stage(program: Program, spark: str | None = None) -> Stage:
    """Return the stage of the aggregator. It is down if it stores nothing, or if its JVM does not answer at `spark`."""
    reasons = program.ask()
    if reasons is None:
        return _stage("Aggregator", program.end(), "AggregatorDown")
    if spark is not None and not program.is_starting and ask_page(spark) is None:
        return _stage("Aggregator", (StageState.DOWN, f"Spark's JVM {GONE}"), "AggregatorDown")
    if reasons:
        state = StageState.WARNING if program.is_starting else StageState.DOWN
        return _stage("Aggregator", (state, "; ".join(reasons)), "AggregatorStalled")
    return _stage("Aggregator", (StageState.OK, "ready"), "")


def server_check(name: str, probe: Probe) -> StageCheck:
    """Ask a server over its own protocol."""

    def run() -> Sequence[Stage]:
        begun_s = time.perf_counter()
        try:
            probe.ask(ANSWER_S)
        except PortError:
            return [_stage(name, (StageState.DOWN, GONE), f"{name}Down")]
        took_ms = (time.perf_counter() - begun_s) * 1000
        return [_stage(name, (StageState.OK, f"answered in {took_ms:.0f} ms"), "")]

    return StageCheck(names=(name,), run=run)


def page_check(name: str, url: str) -> StageCheck:
    """Ask a program that answers 200 at this address while all is well."""

    def run() -> Sequence[Stage]:
        reasons = ask_page(url)
        found = (StageState.DOWN, GONE) if reasons is None or reasons else (StageState.OK, "answers")
        return [_stage(name, found, "InstanceDown")]

    return StageCheck(names=(name,), run=run)


def ask_page(url: str, client: EndpointClient = _OPEN) -> Sequence[str] | None:
    """Return no lines if the address answers 200, the lines of any other answer, or None if there is no answer in time."""
    try:
        with client.open(url, ANSWER_S):
            return []
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.read(4096).decode(errors="replace").splitlines() or [str(refusal.code)]
    except (OSError, ValueError):
        return None


def _stage(name: str, found: tuple[StageState, str], runbook: str) -> Stage:
    state, detail = found
    return Stage(
        name=name, state=state, detail=detail, runbook="" if state is StageState.OK else f"runbooks/{runbook}.md"
    )
