"""What only Kafka's publisher does: the form of its records in the log, refused records, the replacement of a dead producer, and closing."""

import os
import struct
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from confluent_kafka import KafkaError, Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined] # exported, but not in the words of its type hints
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from structlog.testing import capture_logs

from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.settings import MAX_DEAD_LETTER_BYTES, KafkaSettings
from adapters.kafka.subscriber import KafkaSubscriber
from adapters.kafka.topics import Profile, ensure_topics
from devstack.stack import Stack
from domain.record import encode
from domain.trade import Trade
from ports.errors import BrokerError
from tests.contract.brokers import by_key, make_dead_letter, make_trade, make_trades, publish, read
from tests.support.timeouts import TIMEOUT_S, wait_until

pytestmark = pytest.mark.servers

SNAPPY = 2
LOG_APPEND_TIME = 1 << 3


@pytest.fixture
def settings(bootstrap_servers: str) -> KafkaSettings:
    name = f"trades-{uuid.uuid4().hex}"
    made = KafkaSettings(bootstrap_servers=bootstrap_servers, trades_topic=name, dead_letters_topic=f"{name}.dlq")
    ensure_topics(made, profile=Profile.DEV)
    return made


@pytest.fixture
def strict(settings: KafkaSettings) -> KafkaSettings:
    """Settings by which a dead letter over 1,000 bytes is refused, and ends its producer."""
    limit_records(settings, 1_000)
    return attrs.evolve(settings, linger_ms=0, extra={"enable.gapless.guarantee": "true", "batch.num.messages": "1"})


def limit_records(settings: KafkaSettings, size_bytes: int) -> None:
    entry = ConfigEntry("max.message.bytes", str(size_bytes), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, settings.dead_letters_topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": settings.bootstrap_servers})
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(timeout=TIMEOUT_S)


def delete_trades(settings: KafkaSettings, stack: Stack) -> None:
    """Delete the topic, and wait until the broker has removed its files: before that it may accept records, and delete them."""
    topic = settings.trades_topic
    admin = AdminClient({"bootstrap.servers": settings.bootstrap_servers})
    admin.delete_topics([topic])[topic].result(timeout=TIMEOUT_S)
    wait_until(lambda: not list(stack.folder.glob(f"*/data/{topic}-[0-9]")), "the topic's folders are gone")


def batch_headers(folder: Path, topic: str) -> Iterator[tuple[int, int]]:
    """Yield attributes and producer id of each record batch of a topic's log (Kafka's record format, version 2)."""
    for file in sorted(folder.glob(f"*/data/{topic}-[0-9]/*.log")):
        log, at = file.read_bytes(), 0
        while at + 61 <= len(log) and any(log[at : at + 61]):
            (length,) = struct.unpack_from(">i", log, at + 8)
            (attributes,) = struct.unpack_from(">h", log, at + 21)
            (producer_id,) = struct.unpack_from(">q", log, at + 43)
            yield attributes, producer_id
            at += 12 + length


def test_records_are_compressed_and_idempotent_in_the_log(settings: KafkaSettings, kafka_stack: Stack) -> None:
    with KafkaPublisher(settings) as publisher:
        publish(publisher, make_trades(500))
    batches = list(batch_headers(kafka_stack.folder, settings.trades_topic))
    assert batches
    for attributes, producer_id in batches:
        assert attributes & 0b111 == SNAPPY
        assert attributes & LOG_APPEND_TIME
        assert producer_id >= 0


def test_what_kafka_refuses_is_counted_as_failed_and_the_rest_goes_on(settings: KafkaSettings) -> None:
    with KafkaPublisher(settings) as publisher:
        publisher.publish(make_dead_letter(os.urandom(MAX_DEAD_LETTER_BYTES + 1)))
        publisher.publish(make_trade())
        deliveries = publisher.flush(TIMEOUT_S)
    assert (deliveries.acknowledged, deliveries.failed, deliveries.pending) == (1, 1, 0)


def test_a_dead_producer_is_replaced_and_nothing_is_lost(settings: KafkaSettings, strict: KafkaSettings) -> None:
    trades = make_trades(2_000, symbols=5)
    with KafkaPublisher(strict) as publisher:
        for number, trade in enumerate(trades):
            publisher.publish(trade)
            if number in {500, 1_500}:
                publisher.publish(make_dead_letter(os.urandom(3_000)))
        deliveries = publisher.flush(TIMEOUT_S)
    assert (deliveries.acknowledged, deliveries.failed, deliveries.pending) == (2_000, 2, 0)
    values = read_all(settings, trades)
    for symbol in {trade.symbol for trade in trades}:
        published = [encode(trade) for trade in trades if trade.symbol == symbol]
        # What was on the way when the producer died may come twice, but never before an older one.
        assert list(dict.fromkeys(values[symbol.encode()])) == published
        assert values[symbol.encode()] == sorted(values[symbol.encode()], key=published.index)


def test_a_producer_that_dies_again_at_once_is_beyond_repair(strict: KafkaSettings) -> None:
    with KafkaPublisher(strict) as publisher:
        for _ in range(2):
            publisher.publish(make_dead_letter(os.urandom(3_000)))
            publisher.flush(TIMEOUT_S)
        with pytest.raises(BrokerError, match="failed again"):
            publisher.publish(make_trade())
        deliveries = publisher.flush(0)
    assert (deliveries.acknowledged, deliveries.pending) == (0, 0)


@pytest.mark.parametrize(
    "pace",
    [
        {},
        # Many small requests, tried again at once: some are under way when the client learns that the topic has gone.
        {"batch.num.messages": "10", "retry.backoff.ms": "1", "retry.backoff.max.ms": "1"},
    ],
    ids=["usual", "quick"],
)
def test_records_are_kept_while_their_topic_is_unavailable(
    settings: KafkaSettings, kafka_stack: Stack, pace: dict[str, str]
) -> None:
    impatient = {"topic.metadata.propagation.max.ms": "200", "topic.metadata.refresh.interval.ms": "200", **pace}
    trades = make_trades(300, symbols=5)
    with KafkaPublisher(attrs.evolve(settings, extra=impatient)) as publisher, capture_logs() as logs:
        publisher.publish(trades[0])
        publisher.flush(TIMEOUT_S)
        delete_trades(settings, kafka_stack)
        for trade in trades[1:]:
            publisher.publish(trade)
        # Twice, so that a second vain attempt is not taken for the end.
        end_s = time.monotonic() + TIMEOUT_S
        while sum(log["event"].startswith("producer replaced") for log in logs) < 2:
            assert time.monotonic() < end_s
            publisher.flush(0.2)
            assert [log for log in logs if log["event"] == "record refused"] == []
        ensure_topics(settings, profile=Profile.DEV)
        deliveries = publisher.flush(TIMEOUT_S)
    assert (deliveries.acknowledged, deliveries.failed, deliveries.pending) == (300, 0, 0)
    values = read_all(settings, trades[1:])
    for symbol in {trade.symbol for trade in trades}:
        assert values[symbol.encode()] == [encode(trade) for trade in trades[1:] if trade.symbol == symbol]


def read_all(settings: KafkaSettings, trades: list[Trade]) -> dict[bytes | None, list[bytes]]:
    """Read until every trade has come at least once."""
    wanted = {encode(trade) for trade in trades}
    with KafkaSubscriber(settings, "readers") as subscriber:
        records = []
        while wanted:
            some = read(subscriber, 1)
            assert some, f"{len(wanted)} trades never came"
            wanted -= {record.value for record in some}
            records += some
        # And what comes twice.
        records += subscriber.read(1.0)
    return by_key(records)


class WatchedProducer(Producer):
    """Kafka's client, which notes how many threads use it at once, and keeps the delivery callbacks."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.callbacks: list[Callable[..., None]] = []
        self.most_threads = 0
        self._threads: set[int] = set()

    @contextmanager
    def _used(self) -> Iterator[None]:
        self._threads.add(threading.get_ident())
        self.most_threads = max(self.most_threads, len(self._threads))
        yield
        self._threads.discard(threading.get_ident())

    def produce(self, topic: str, *arguments: Any, **options: Any) -> None:
        self.callbacks.append(arguments[3] if arguments[3:] else options["on_delivery"])
        with self._used():
            super().produce(topic, *arguments, **options)

    def poll(self, *arguments: Any) -> int:
        with self._used():
            return super().poll(*arguments)

    def flush(self, *arguments: Any) -> int:
        with self._used():
            return super().flush(*arguments)

    def purge(self, *arguments: Any, **options: Any) -> None:
        with self._used():
            super().purge(*arguments, **options)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[WatchedProducer]:
    """The clients of all publishers in the test."""
    clients: list[WatchedProducer] = []

    def make(*arguments: Any) -> WatchedProducer:
        clients.append(WatchedProducer(*arguments))
        return clients[-1]

    monkeypatch.setattr("adapters.kafka.publisher.Producer", make)
    return clients


@pytest.mark.parametrize("waits_in", ["publish", "flush"])
def test_close_by_another_thread_ends_a_wait_and_never_uses_the_producer_beside_it(
    settings: KafkaSettings, kafka_stack: Stack, watched: list[WatchedProducer], waits_in: str
) -> None:
    publisher = KafkaPublisher(attrs.evolve(settings, buffer_messages=20))
    publisher.start()
    publish(publisher, [make_trade()])
    failures: list[BaseException] = []
    waiting = threading.Event()

    def work() -> None:
        waiting.set()
        try:
            if waits_in == "publish":
                publisher.publish(*make_trades(100))
            else:
                publisher.publish(*make_trades(10))
                publisher.flush(10 * TIMEOUT_S)
        except BrokerError as error:
            failures.append(error)

    kafka_stack.pause("kafka-1")
    try:
        working = threading.Thread(target=work)
        working.start()
        assert waiting.wait(TIMEOUT_S)
        [client] = watched
        wait_until(lambda: len(client.callbacks) > 10, "records in the buffer")
        publisher.close()
        working.join(TIMEOUT_S)
        assert not working.is_alive()
    finally:
        kafka_stack.resume("kafka-1")
    assert client.most_threads == 1
    assert len(failures) == (waits_in == "publish")
    deliveries = publisher.flush(0)
    assert (deliveries.acknowledged, deliveries.pending, deliveries.failed > 0) == (1, 0, True)


def test_a_delivery_report_after_the_give_up_changes_nothing(
    settings: KafkaSettings, watched: list[WatchedProducer]
) -> None:
    publisher = KafkaPublisher(attrs.evolve(settings, linger_ms=100_000))
    publisher.start()
    publisher.publish(*make_trades(3))
    publisher.close()
    before = publisher.flush(0)
    [client] = watched
    first, second, third = client.callbacks
    first(None, None)
    second(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE), None)
    third(KafkaError(KafkaError._PURGE_QUEUE), None)
    assert publisher.flush(0) == before
    assert (before.acknowledged, before.failed, before.pending) == (0, 3, 0)
