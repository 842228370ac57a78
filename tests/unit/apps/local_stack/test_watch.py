"""What the stages of `tapeline stack` say of a program, asked over HTTP, and of those who watch it."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from typed_settings import SecretStr

from apps.http_security.credentials import Credentials
from apps.http_security.endpoint_client import EndpointClient
from apps.http_security.endpoint_security import EndpointSecurity, server_tls
from apps.local_stack import watch
from apps.local_stack.alerts import facts
from apps.local_stack.watch import Program, aggregator_stage, page_check, producer_stages
from apps.observability.alert_log import summary
from apps.observability.health import FEED_UNAVAILABLE, Health
from apps.observability.metrics_endpoint import MetricsEndpoint
from apps.observability.pipeline_stages import FiringAlert, Stage, StageState
from apps.runtime.child_processes import Child
from tests.support.certificates import make_certificate

OK, WARNING, DOWN = StageState.OK, StageState.WARNING, StageState.DOWN


class Reasons:
    """Why the program that is asked does not do its work."""

    def __init__(self) -> None:
        self.unready: list[str] = []


@pytest.fixture
def reasons() -> Reasons:
    return Reasons()


@pytest.fixture
def endpoint(reasons: Reasons) -> Iterator[MetricsEndpoint]:
    health = Health(stalled=list, unready=lambda: reasons.unready)
    with MetricsEndpoint(CollectorRegistry(), health, host="127.0.0.1", port=0) as endpoint:
        yield endpoint


def child(folder: Path) -> Child:
    """A program that does nothing until it is ended."""
    return Child("producer", ["http.server", "--bind", "127.0.0.1", "0"], folder / "log", {})


def stages_of(program: Program) -> list[tuple[str, StageState, str]]:
    return [(stage.name, stage.state, stage.detail) for stage in producer_stages(program)]


def test_a_producer_is_told_apart_from_its_feed(tmp_path: Path, endpoint: MetricsEndpoint, reasons: Reasons) -> None:
    with child(tmp_path) as process:
        program = Program(process, endpoint.port)
        reasons.unready = [FEED_UNAVAILABLE]
        assert stages_of(program) == [("Feed", WARNING, FEED_UNAVAILABLE), ("Producer", OK, "ready")]
        reasons.unready = []
        assert stages_of(program) == [("Feed", OK, "connected"), ("Producer", OK, "ready")]
        reasons.unready = [FEED_UNAVAILABLE]
        [feed, _] = producer_stages(program)
        assert (feed.state, feed.runbook) == (DOWN, "runbooks/FeedDisconnected.md")
        reasons.unready = ["no broker answers"]
        assert stages_of(program) == [("Feed", OK, "connected"), ("Producer", WARNING, "no broker answers")]


def test_an_aggregator_that_stores_nothing_is_down_once_it_was_ready(
    tmp_path: Path, endpoint: MetricsEndpoint, reasons: Reasons
) -> None:
    with child(tmp_path) as process:
        program = Program(process, endpoint.port)
        reasons.unready = ["the query trades does not run"]
        assert aggregator_stage(program).state is WARNING
        reasons.unready = []
        assert aggregator_stage(program).state is OK
        reasons.unready = ["the query trades has finished no micro-batch for 61 s"]
        found = aggregator_stage(program)
        assert (found.state, found.runbook) == (DOWN, "runbooks/AggregatorStalled.md")


def test_an_aggregator_whose_jvm_hangs_is_down(tmp_path: Path, endpoint: MetricsEndpoint) -> None:
    with child(tmp_path) as process, socket.create_server(("127.0.0.1", 0)) as frozen:
        program = Program(process, endpoint.port)
        assert aggregator_stage(program, f"http://127.0.0.1:{endpoint.port}/healthz").state is OK
        found = aggregator_stage(program, f"http://127.0.0.1:{frozen.getsockname()[1]}/-/healthy")
        assert (found.state, found.runbook) == (DOWN, "runbooks/AggregatorDown.md")


def test_a_program_of_a_secure_stack_is_asked_by_tls_and_with_its_token(tmp_path: Path) -> None:
    made, token = make_certificate(tmp_path), SecretStr("a-token-of-these-tests")
    security = EndpointSecurity(tls=server_tls(made.certificate, made.key), credentials=Credentials(token=token))
    health = Health(stalled=list, unready=list)
    tls = made.client()
    with (
        MetricsEndpoint(CollectorRegistry(), health, host="127.0.0.1", port=0, security=security) as endpoint,
        child(tmp_path) as process,
    ):
        asked = Program(process, endpoint.port, EndpointClient(tls=tls, token=token))
        assert stages_of(asked) == [("Feed", OK, "connected"), ("Producer", OK, "ready")]
        asked = Program(process, endpoint.port, EndpointClient(tls=tls))
        assert asked.ask() == ["credentials required"]
        assert Program(process, endpoint.port).ask() is None


def test_a_program_that_is_killed_or_never_answers_says_how_it_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with child(tmp_path) as process:
        program = Program(process, 9)
        assert [(name, state) for name, state, _ in stages_of(program)] == [("Feed", WARNING), ("Producer", WARNING)]
        monkeypatch.setattr(watch, "START_S", 0.0)
        assert aggregator_stage(program).detail == "does not answer"
        os.kill(process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        found = aggregator_stage(program)
        assert (found.state, found.detail, found.runbook) == (
            DOWN,
            "was killed by signal 9",
            "runbooks/AggregatorDown.md",
        )


def test_a_program_that_ended_as_it_should_is_in_order(tmp_path: Path) -> None:
    with Child("producer", ["timeit", "-n", "1", "pass"], tmp_path / "log", {}) as process:
        end_s = time.monotonic() + 30
        while process.exit_code() is None:
            assert time.monotonic() < end_s
            time.sleep(0.01)
        assert stages_of(Program(process, 9)) == [("Feed", OK, "has ended"), ("Producer", OK, "has ended")]


def test_a_program_started_again_by_hand_counts(tmp_path: Path, endpoint: MetricsEndpoint) -> None:
    with child(tmp_path) as process:
        program = Program(process, endpoint.port)
        process.stop(10)
        assert aggregator_stage(program).state is OK


def test_who_answers_but_does_not_say_200_is_down(endpoint: MetricsEndpoint, reasons: Reasons) -> None:
    question = page_check("Prometheus", f"http://127.0.0.1:{endpoint.port}/readyz")
    assert [stage.state for stage in question.run()] == [OK]
    reasons.unready = ["loading"]
    [stage] = question.run()
    assert (stage.state, stage.runbook) == (DOWN, "runbooks/InstanceDown.md")


def test_the_table_tells_what_is_down_and_what_fires_and_nothing_while_all_is_well() -> None:
    fine = Stage(name="Kafka", state=OK)
    gone = Stage(name="Kafka", state=DOWN, detail="does not answer")
    alert = FiringAlert(
        name="KafkaDown",
        severity="warning",
        summary="Kafka is down",
        description="",
        since_ms=0,
        runbook="runbooks/KafkaDown.md",
    )
    assert facts([], [fine]) == {}
    assert facts([alert], [gone]) == {"down": "Kafka (does not answer)", "alerts": summary(alert)}
    assert summary(alert) == "KafkaDown: Kafka is down (docs/runbooks/KafkaDown.md)"
