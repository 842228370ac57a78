"""The commands `dlq list`, `show` and `replay` on a real broker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import attrs
import pytest

from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topic_reader import KafkaTopicReader
from adapters.kafka.topics import Profile, ensure_topics
from devstack.stack import Stack
from domain.dead_letters import ATTEMPT_HEADER
from domain.record import TopicRecord, decode
from domain.rejection import DeadLetter, Reason, Rejection
from domain.rules import DAY_MS, Rules
from domain.trade import Trade
from tests.contract.topic_reader_contract import NOW_MS, OLD_MS, frame, rejected, tick
from tests.support.timeouts import TIMEOUT_S, scaled

pytestmark = pytest.mark.servers

ROOT = Path(__file__).parents[2]
PATIENT = ("--rules-max-age-s", str(60 * DAY_MS // 1000))
LETTERS = [
    # One after the other, so that their order is known.
    *(attrs.evolve(letter, rejected_ms=NOW_MS + n) for n, letter in enumerate(rejected(frame(tick(OLD_MS), tick(OLD_MS, price=-1))))),
    DeadLetter(payload=b"{", rejection=Rejection(reason=Reason.MALFORMED), source="finnhub", rejected_ms=NOW_MS - 60_000),
]  # fmt: skip


@pytest.fixture
def kafka(kafka_stack: Stack) -> KafkaSettings:
    name = f"dlq-{time.monotonic_ns()}"
    settings = KafkaSettings(
        bootstrap_servers=kafka_stack.bootstrap_servers,
        trades_topic=name,
        dead_letters_topic=f"{name}.dlq",
        events_topic=f"{name}.events",
    )
    ensure_topics(settings, profile=Profile.DEV)
    publisher = KafkaPublisher(settings)
    publisher.start()
    publisher.publish(*LETTERS)
    assert not publisher.flush(TIMEOUT_S).pending
    publisher.close()
    return settings


def dlq(kafka: KafkaSettings, *args: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "TAPELINE_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "TAPELINE_KAFKA_TRADES_TOPIC": kafka.trades_topic,
        "TAPELINE_KAFKA_DEAD_LETTERS_TOPIC": kafka.dead_letters_topic,
        "TAPELINE_KAFKA_EVENTS_TOPIC": kafka.events_topic,
    }
    done = subprocess.run(
        [sys.executable, "-m", "apps.dlq", *args],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=scaled(60), check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done


def listed(kafka: KafkaSettings, *args: str) -> list[str]:
    """Return the reasons of the letters that are listed, in their order."""
    return [json.loads(line)["reason"] for line in dlq(kafka, "list", "--format", "json", *args).stdout.splitlines()]


def trades_on(kafka: KafkaSettings) -> list[TopicRecord]:
    reader = KafkaTopicReader(kafka)
    reader.start()
    try:
        return list(reader.read(kafka.trades_topic))
    finally:
        reader.close()


def test_letters_are_listed_by_reason_source_and_time(kafka: KafkaSettings) -> None:
    assert listed(kafka) == ["malformed", "too_old", "price_not_positive"]
    assert listed(kafka, "--reason", "too_old", "--reason", "malformed") == ["malformed", "too_old"]
    assert listed(kafka, "--source", "sim") == ["too_old", "price_not_positive"]
    assert listed(kafka, "--from", "2023-11-14T22:13:20") == ["too_old", "price_not_positive"]
    assert listed(kafka, "--to", "2023-11-14T22:13:20") == ["malformed"]
    assert listed(kafka, "--limit", "1") == ["malformed"]
    table = dlq(kafka, "list")
    assert "price_not_positive" in table.stdout
    assert "too_old 1" in table.stderr


def test_a_letter_is_shown_in_full(kafka: KafkaSettings) -> None:
    place = json.loads(dlq(kafka, "list", "--format", "json", "--reason", "malformed").stdout)["place"]
    shown = dlq(kafka, "show", place).stdout
    assert "malformed" in shown
    assert "finnhub" in shown
    assert "no dead letter at" in dlq(kafka, "show", "0/999999", code=1).stderr


def test_a_dry_run_changes_nothing_and_a_replay_publishes_once_with_its_attempt(kafka: KafkaSettings) -> None:
    dry = dlq(kafka, "replay", "--reason", "too_old", *PATIENT, "--dry-run").stdout
    assert dry.startswith("dry run, nothing published: 1 letters: 1 accepted (1 trades)")
    assert trades_on(kafka) == []
    assert len(listed(kafka)) == len(LETTERS)

    assert "1 accepted (1 trades)" in dlq(kafka, "replay", "--reason", "too_old", *PATIENT).stdout
    [record] = trades_on(kafka)
    assert dict(record.headers)[ATTEMPT_HEADER] == b"1"
    trade = decode(record.value, appended_ms=NOW_MS, rules=attrs.evolve(Rules(), max_age_ms=60 * DAY_MS))
    assert isinstance(trade, Trade)
    assert (trade.symbol, trade.timestamp_ms) == ("BINANCE:BTCUSDT", OLD_MS)

    assert listed(kafka) == ["malformed", "price_not_positive"]
    assert listed(kafka, "--all") == ["malformed", "too_old", "price_not_positive"]
    assert "0 letters" in dlq(kafka, "replay", "--reason", "too_old", *PATIENT).stdout
    assert len(trades_on(kafka)) == 1


def test_a_letter_that_fails_each_time_is_left_alone(kafka: KafkaSettings) -> None:
    for _ in range(3):
        assert (
            "1 rejected again (price_not_positive 1)"
            in dlq(kafka, "replay", "--reason", "price_not_positive", *PATIENT).stdout
        )
    assert (
        "1 left alone after their last attempt"
        in dlq(kafka, "replay", "--reason", "price_not_positive", *PATIENT).stdout
    )
    assert trades_on(kafka) == []
