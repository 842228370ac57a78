from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry

from apps.health import Health
from apps.monitoring import Endpoint, monitored
from domain.errors import TapelineError
from tests.unit.prometheus.scraping import parse


class Patient:
    """A program whose health the test decides."""

    def __init__(self) -> None:
        self.stalled: list[str] = []
        self.unready: list[str] = []
        self.health = Health(stalled=lambda: self.stalled, unready=lambda: self.unready)


@pytest.fixture
def patient() -> Patient:
    return Patient()


@pytest.fixture
def endpoint(patient: Patient) -> Iterator[Endpoint]:
    with Endpoint(CollectorRegistry(), patient.health, host="127.0.0.1", port=0) as endpoint:
        yield endpoint


def get(endpoint: Endpoint, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{endpoint.port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


@contextmanager
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        yield holder.getsockname()[1]


def test_a_healthy_program_answers_ok_on_both(endpoint: Endpoint) -> None:
    assert get(endpoint, "/healthz") == (200, "ok\n")
    assert get(endpoint, "/readyz") == (200, "ok\n")


def test_a_program_that_is_not_ready_says_why_and_is_alive_all_the_same(endpoint: Endpoint, patient: Patient) -> None:
    patient.unready = ["the feed is not connected", "no broker answers"]
    assert get(endpoint, "/readyz") == (503, "the feed is not connected\nno broker answers\n")
    assert get(endpoint, "/healthz") == (200, "ok\n")


def test_a_program_that_stands_still_says_for_how_long(endpoint: Endpoint, patient: Patient) -> None:
    patient.stalled = ["the loop has not turned for 31 s"]
    assert get(endpoint, "/healthz") == (503, "the loop has not turned for 31 s\n")


def test_answers_of_different_length_do_not_get_in_each_others_way(endpoint: Endpoint, patient: Patient) -> None:
    for reasons in (["a" * 500], [], ["b"], ["c" * 100], []):
        patient.unready = list(reasons)
        expected = "".join(f"{reason}\n" for reason in reasons or ["ok"])
        assert get(endpoint, "/readyz")[1] == expected


def test_readiness_is_a_metric_too(endpoint: Endpoint, patient: Patient) -> None:
    assert parse(get(endpoint, "/metrics")[1]).value("tapeline_ready") == 1
    patient.unready = ["no broker answers"]
    assert parse(get(endpoint, "/metrics")[1]).value("tapeline_ready") == 0


def test_other_paths_are_not_found(endpoint: Endpoint) -> None:
    assert get(endpoint, "/")[0] == 404


def test_it_listens_no_longer_once_closed_and_closing_twice_is_fine(patient: Patient) -> None:
    endpoint = Endpoint(CollectorRegistry(), patient.health, host="127.0.0.1", port=0)
    endpoint.start()
    port = endpoint.port
    endpoint.close()
    endpoint.close()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 5):
        pass


def test_a_port_that_was_asked_for_and_is_in_use_ends_the_start(patient: Patient) -> None:
    with (
        busy_port() as port,
        pytest.raises(TapelineError, match=f"127.0.0.1:{port}.*choose another --metrics-port, or 0"),
        monitored(CollectorRegistry(), patient.health, host="127.0.0.1", port=port, usual_port=0),
    ):
        pytest.fail("it started")


def test_without_its_usual_port_a_program_runs_unwatched(patient: Patient) -> None:
    ran = False
    with (
        busy_port() as port,
        monitored(CollectorRegistry(), patient.health, host="127.0.0.1", port=None, usual_port=port),
    ):
        ran = True
    assert ran


def test_port_0_is_no_endpoint(patient: Patient) -> None:
    registry = CollectorRegistry()
    with monitored(registry, patient.health, host="127.0.0.1", port=0, usual_port=9):
        assert list(registry.collect()) == []
