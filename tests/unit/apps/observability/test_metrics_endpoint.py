from __future__ import annotations

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry, Counter

from apps.observability.final_scrape import ScrapeTracker
from apps.observability.health import Health
from apps.observability.metrics_endpoint import MetricsEndpoint, monitored
from domain.errors import TapelineError
from tests.support.scraping import parse


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
def endpoint(patient: Patient) -> Iterator[MetricsEndpoint]:
    with MetricsEndpoint(CollectorRegistry(), patient.health, host="127.0.0.1", port=0) as endpoint:
        yield endpoint


def get(endpoint: MetricsEndpoint, path: str) -> tuple[int, str]:
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


def test_a_healthy_program_answers_ok_on_both(endpoint: MetricsEndpoint) -> None:
    assert get(endpoint, "/healthz") == (200, "ok\n")
    assert get(endpoint, "/readyz") == (200, "ok\n")


def test_a_program_that_is_not_ready_says_why_and_is_alive_all_the_same(
    endpoint: MetricsEndpoint, patient: Patient
) -> None:
    patient.unready = ["the feed is not connected", "no broker answers"]
    assert get(endpoint, "/readyz") == (503, "the feed is not connected\nno broker answers\n")
    assert get(endpoint, "/healthz") == (200, "ok\n")


def test_a_program_that_stands_still_says_for_how_long(endpoint: MetricsEndpoint, patient: Patient) -> None:
    patient.stalled = ["the loop has not run for 31 s"]
    assert get(endpoint, "/healthz") == (503, "the loop has not run for 31 s\n")


def test_answers_of_different_length_do_not_get_in_each_others_way(endpoint: MetricsEndpoint, patient: Patient) -> None:
    for reasons in (["a" * 500], [], ["b"], ["c" * 100], []):
        patient.unready = list(reasons)
        expected = "".join(f"{reason}\n" for reason in reasons or ["ok"])
        assert get(endpoint, "/readyz")[1] == expected


def test_readiness_is_a_metric_too(endpoint: MetricsEndpoint, patient: Patient) -> None:
    assert parse(get(endpoint, "/metrics")[1]).value("tapeline_ready") == 1
    patient.unready = ["no broker answers"]
    assert parse(get(endpoint, "/metrics")[1]).value("tapeline_ready") == 0


def test_other_paths_are_not_found(endpoint: MetricsEndpoint) -> None:
    assert get(endpoint, "/")[0] == 404


def test_it_listens_no_longer_once_closed_and_closing_twice_is_fine(patient: Patient) -> None:
    endpoint = MetricsEndpoint(CollectorRegistry(), patient.health, host="127.0.0.1", port=0)
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


AS_PROMETHEUS = {"X-Prometheus-Scrape-Timeout-Seconds": "10"}


class Reader(threading.Thread):
    """Reads the metrics of a port again and again, as Prometheus does or as a person would, and keeps what it read last."""

    def __init__(self, port: int, **headers: str) -> None:
        super().__init__(daemon=True)
        self._request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=headers)
        self.last = ""
        self.has_read = threading.Event()

    def run(self) -> None:
        while True:
            try:
                with urllib.request.urlopen(self._request, timeout=10) as answer:  # noqa: S310 - loopback
                    self.last = answer.read().decode()
            except OSError:
                return
            self.has_read.set()
            time.sleep(0.2)


def test_what_a_program_counts_when_it_fails_is_read_once_more_before_it_ends(patient: Patient) -> None:
    registry = CollectorRegistry()
    failures = Counter("failures", "Failures", registry=registry)
    with busy_port() as port:
        pass
    reader = Reader(port, **AS_PROMETHEUS)

    def program() -> None:
        with monitored(registry, patient.health, host="127.0.0.1", port=port, usual_port=port, final_scrape_s=60):
            reader.start()
            assert reader.has_read.wait(60)
            failures.inc()
            raise TapelineError("the query failed")

    with pytest.raises(TapelineError):
        program()
    reader.join(60)
    assert parse(reader.last).value("failures_total") == 1


def test_a_program_that_prometheus_does_not_read_ends_at_once_when_it_fails(patient: Patient) -> None:
    begun = time.monotonic()
    with busy_port() as port:
        pass

    def program() -> None:
        with monitored(
            CollectorRegistry(), patient.health, host="127.0.0.1", port=port, usual_port=port, final_scrape_s=600
        ):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).close()
            raise TapelineError("the query failed")

    with pytest.raises(TapelineError):
        program()
    assert time.monotonic() - begun < 300


def test_a_program_that_ends_well_waits_for_nobody(patient: Patient) -> None:
    begun = time.monotonic()
    with busy_port() as port:
        pass
    with monitored(
        CollectorRegistry(), patient.health, host="127.0.0.1", port=port, usual_port=port, final_scrape_s=600
    ):
        reader = Reader(port, **AS_PROMETHEUS)
        reader.start()
        assert reader.has_read.wait(60)
    assert time.monotonic() - begun < 300


def test_a_reader_that_has_not_come_for_a_minute_is_not_waited_for() -> None:
    now = [0.0]
    readings = ScrapeTracker(now_s=lambda: now[0])
    assert list(readings.track(lambda: [b"metrics"])) == [b"metrics"]
    now[0] = 61
    assert readings.await_next(600) is False


def test_a_reading_that_began_before_does_not_count_as_the_last() -> None:
    readings = ScrapeTracker()
    list(readings.track(lambda: [b"metrics"]))
    early = readings.track(lambda: [b"early"])
    next(early)
    waiting: Future[bool] = Future()
    waiter = threading.Thread(target=lambda: waiting.set_result(readings.await_next(0.5)))
    waiter.start()
    list(early)
    assert waiting.result(60) is False
