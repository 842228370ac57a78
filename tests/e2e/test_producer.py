import json
import re
import signal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from adapters.kafka.settings import KafkaSettings
from adapters.kafka.subscriber import KafkaSubscriber
from adapters.kafka.topics import Profile, ensure_topics
from devstack.stack import Stack
from domain.rules import Rules
from domain.session import SessionEvent, SessionEventKind
from domain.session_record import decode_event
from tests.contract.brokers import read
from tests.support.programs import TOKEN, run, start
from tests.support.recordings import write_made_up_day
from tests.support.timeouts import TIMEOUT_S

pytestmark = pytest.mark.servers


@pytest.fixture
def kafka(bootstrap_servers: str) -> dict[str, str]:
    """Variables that name fresh topics on the real broker."""
    topics = f"t{uuid4().hex[:8]}"
    settings = KafkaSettings(
        bootstrap_servers=bootstrap_servers,
        trades_topic=topics,
        dead_letters_topic=f"{topics}.dlq",
        events_topic=f"{topics}.events",
    )
    ensure_topics(settings, profile=Profile.DEV)
    return {
        "TAPELINE_KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "TAPELINE_KAFKA_TRADES_TOPIC": topics,
        "TAPELINE_KAFKA_DEAD_LETTERS_TOPIC": f"{topics}.dlq",
        "TAPELINE_KAFKA_EVENTS_TOPIC": f"{topics}.events",
    }


def last_event(text: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads([line for line in text.splitlines() if line.startswith("{")][-1])
    return event


def test_a_recording_is_carried_whole_and_acknowledged(kafka: dict[str, str], tmp_path: Path) -> None:
    trades = write_made_up_day(tmp_path / "day.jsonl")
    result = run("apps.producer", "--replay", str(tmp_path / "day.jsonl"), "--speed", "max", **kafka)
    assert result.returncode == 0, result.stderr
    stopped = last_event(result.stderr)
    assert (stopped["event"], stopped["trades"], stopped["acknowledged"]) == ("stopped", len(trades), len(trades))


def events_told(kafka: dict[str, str], count: int) -> list[SessionEvent]:
    topic = kafka["TAPELINE_KAFKA_EVENTS_TOPIC"]
    settings = KafkaSettings(bootstrap_servers=kafka["TAPELINE_KAFKA_BOOTSTRAP_SERVERS"], events_topic=topic)
    with KafkaSubscriber(settings, "test", [topic]) as subscriber:
        records = read(subscriber, count)
    events = [decode_event(record.value, appended_ms=record.appended_ms, rules=Rules()) for record in records]
    return [event for event in events if isinstance(event, SessionEvent)]


def test_sigterm_flushes_and_reports(kafka: dict[str, str]) -> None:
    process = start(
        "apps.producer", "--feed", "simulated", "--simulator-rate", "500", "--instance", "producer-1", **kafka
    )
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if '"kind": "subscribed"' in line:
            break
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=TIMEOUT_S)
    stopped = last_event(err)
    assert (process.returncode, stopped["event"], stopped["unacknowledged"]) == (0, "stopped", 0), lines
    assert stopped["acknowledged"] == stopped["trades"] + stopped["events"]
    events = events_told(kafka, stopped["events"])
    assert [str(event.kind) for event in events if event.kind is not SessionEventKind.ALIVE] == [
        "connected", "subscribed", "stopped",
    ]  # fmt: skip
    assert {(event.instance, event.session) for event in events} == {("producer-1", events[0].session)}
    assert all("AAPL" in event.symbols for event in events)
    assert events[-1].at_ms - events[-1].seen_ms < 10_000


def test_sigterm_ends_it_in_time_while_kafka_is_frozen_and_says_what_is_not_acknowledged(
    kafka: dict[str, str], kafka_stack: Stack
) -> None:
    process = start(
        "apps.producer", "--feed", "simulated", "--simulator-rate", "2000", "--kafka-buffer-messages", "100",
        "--flush-timeout", "2", **kafka,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if '"kind": "subscribed"' in line:
                kafka_stack.pause("kafka-1")
            if "buffer" in line:
                break
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=TIMEOUT_S)
    finally:
        process.kill()
        kafka_stack.resume("kafka-1")
    assert process.returncode == 1
    assert re.search(r"\b1\d\d records were not acknowledged", err)
    assert "Traceback" not in err


def test_what_is_missing_is_said_in_words(kafka: dict[str, str], bootstrap_servers: str) -> None:
    token = run("apps.producer", **kafka)
    assert (token.returncode, "set TAPELINE_FINNHUB_TOKEN" in token.stderr) == (1, True)
    topics = run(
        "apps.producer", "--feed", "simulated", "--kafka-trades-topic", "absent",
        TAPELINE_KAFKA_BOOTSTRAP_SERVERS=bootstrap_servers,
    )  # fmt: skip
    assert (topics.returncode, "tapeline admin topics" in topics.stderr) == (1, True)
    away = run(
        "apps.producer", "--feed", "simulated", "--kafka-connect-timeout-s", "1",
        TAPELINE_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9",
    )  # fmt: skip
    assert (away.returncode, "no Kafka broker at 127.0.0.1:9" in away.stderr) == (1, True)
    replay = run("apps.producer", "--feed", "replay", **kafka)
    assert (replay.returncode, "--replay FILE" in replay.stderr) == (2, True)
    for result in (token, topics, away, replay):
        assert "Traceback" not in result.stderr


def test_a_token_is_never_shown(kafka: dict[str, str]) -> None:
    result = run(
        "apps.producer", "--duration", "3", "--finnhub-url", "ws://127.0.0.1:9", TAPELINE_FINNHUB_TOKEN=TOKEN, **kafka
    )
    assert "disconnected" in result.stderr
    assert TOKEN not in result.stdout + result.stderr
