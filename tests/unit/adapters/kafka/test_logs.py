"""What librdkafka says again and again is told once a minute."""

import logging
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError
from structlog.testing import capture_logs

from adapters.kafka.codes import ALL_BROKERS_UNAVAILABLE
from adapters.kafka.logs import ClientLog


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    # Only there: other threads of these tests go by the real time.
    monkeypatch.setattr("adapters.kafka.logs.time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def levels(said: list[tuple[str, str]], log: ClientLog) -> list[str]:
    with capture_logs() as told:
        for facility, text in said:
            log.log(logging.WARNING, "", facility, "publisher", text)
    return [entry["log_level"] for entry in told]


def test_a_partition_without_a_leader_is_told_once_and_not_at_every_attempt_to_write(clock: list[float]) -> None:
    log = ClientLog("publisher", "127.0.0.1:9092")
    said = [("METADATAUPDATE", f"Partition trades[{n % 4}]: new leader-1 not found in cache") for n in range(12)]
    assert levels(said, log) == ["warning"] * 4 + ["debug"] * 8
    clock[0] += 59.9
    assert levels(said[:1], log) == ["debug"]
    clock[0] += 0.1
    assert levels(said[:2], log) == ["warning"] * 2


def test_the_same_words_of_another_facility_are_another_line(clock: list[float]) -> None:
    said = [("PARTCNT", "words"), ("METADATAUPDATE", "words"), ("METADATAUPDATE", "other words")]
    assert levels(said, ClientLog("publisher", "127.0.0.1:9092")) == ["warning"] * 3


def test_what_was_said_more_than_a_minute_ago_is_not_kept(clock: list[float]) -> None:
    log = ClientLog("publisher", "127.0.0.1:9092")
    for n in range(1_000):
        levels([("METADATAUPDATE", f"line {n}")], log)
        clock[0] += 1.0
    assert len(log._said) <= 60


def test_what_the_error_callback_tells_is_not_told_twice() -> None:
    log = ClientLog("publisher", "127.0.0.1:9092")
    with capture_logs() as told:
        for _ in range(3):
            log.log(logging.ERROR, "", "FAIL", "publisher", "Connect to ipv4#127.0.0.1:9092 failed")
            log.options()["error_cb"](KafkaError(ALL_BROKERS_UNAVAILABLE))
    assert [entry["event"] for entry in told] == ["brokers are away"]
