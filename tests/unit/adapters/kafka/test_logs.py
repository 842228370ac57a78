"""What librdkafka repeats is logged once a minute."""

import json
import logging
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError
from structlog.testing import capture_logs

from adapters.kafka.codes import ALL_BROKERS_UNAVAILABLE, CREDENTIALS_REFUSED
from adapters.kafka.logs import ClientLog


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    # Only there: other threads of these tests go by the real time.
    monkeypatch.setattr("adapters.kafka.logs.time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def levels(lines: list[tuple[str, str]], log: ClientLog) -> list[str]:
    with capture_logs() as logged:
        for facility, text in lines:
            log.log(logging.WARNING, "", facility, "publisher", text)
    return [entry["log_level"] for entry in logged]


def test_a_partition_without_a_leader_is_logged_once_and_not_at_every_attempt_to_write(clock: list[float]) -> None:
    log = ClientLog("publisher", "127.0.0.1:9092")
    lines = [("METADATAUPDATE", f"Partition trades[{n % 4}]: new leader-1 not found in cache") for n in range(12)]
    assert levels(lines, log) == ["warning"] * 4 + ["debug"] * 8
    clock[0] += 59.9
    assert levels(lines[:1], log) == ["debug"]
    clock[0] += 0.1
    assert levels(lines[:2], log) == ["warning"] * 2


def test_the_same_text_of_another_facility_are_another_line(clock: list[float]) -> None:
    lines = [("PARTCNT", "words"), ("METADATAUPDATE", "words"), ("METADATAUPDATE", "other words")]
    assert levels(lines, ClientLog("publisher", "127.0.0.1:9092")) == ["warning"] * 3


def test_what_was_logged_more_than_a_minute_ago_is_not_kept(clock: list[float]) -> None:
    log = ClientLog("publisher", "127.0.0.1:9092")
    for n in range(1_000):
        levels([("METADATAUPDATE", f"line {n}")], log)
        clock[0] += 1.0
    assert len(log._logged) <= 60


def test_what_the_error_callback_reports_is_not_logged_twice() -> None:
    log = ClientLog("publisher", "127.0.0.1:9092")
    with capture_logs() as logged:
        for _ in range(3):
            log.log(logging.ERROR, "", "FAIL", "publisher", "Connect to ipv4#127.0.0.1:9092 failed")
            log.options()["error_cb"](KafkaError(ALL_BROKERS_UNAVAILABLE))
    assert [entry["event"] for entry in logged] == ["brokers are unavailable"]


def test_a_refusal_is_logged_once_also_when_the_brokers_were_unavailable_before() -> None:
    options = ClientLog("publisher", "127.0.0.1:9092").options()
    up = json.dumps({"brokers": {"one": {"state": "UP", "nodeid": 1}}})
    with capture_logs() as logged:
        for _ in range(2):
            options["error_cb"](KafkaError(ALL_BROKERS_UNAVAILABLE))
            for _ in range(3):
                options["error_cb"](KafkaError(CREDENTIALS_REFUSED))
            options["stats_cb"](up)
    assert [entry["event"] for entry in logged] == [
        "brokers are unavailable", "a broker refuses this client", "brokers are available again",
    ] * 2  # fmt: skip
