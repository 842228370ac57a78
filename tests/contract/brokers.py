"""A broker of its own for each contract test: in memory, or topics of its own on a real Kafka. And small factories for what goes through it."""

import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from decimal import Decimal
from typing import Protocol, Self

import attrs

from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.subscriber import KafkaSubscriber
from adapters.kafka.topic_reader import KafkaTopicReader
from adapters.kafka.topics import Profile, ensure_candles, ensure_topics
from adapters.memory.broker import MemoryBroker
from adapters.memory.publisher import MemoryPublisher
from adapters.memory.subscriber import MemorySubscriber
from adapters.memory.topic_reader import MemoryTopicReader
from domain.record import TopicRecord
from domain.rejection import DeadLetter, Reason, Rejection
from domain.session import SessionEvent, SessionEventKind
from domain.trade import Trade
from ports.publisher import Publishable, Publisher
from ports.subscriber import Subscriber
from ports.topic_reader import TopicReader
from tests.support.timeouts import TIMEOUT_S


class Broker(Protocol):
    """Makes publishers and subscribers of one broker. What was started ends with the test."""

    trades_topic: str
    dead_letters_topic: str
    events_topic: str
    candles_topic: str

    def new_publisher(self, buffer: int | None = None) -> Publisher:
        """Make one that is not started; `buffer` is how many records may wait, None for plenty."""
        ...

    def new_subscriber(self, group: str, topics: Sequence[str]) -> Subscriber:
        """Make one that is not started."""
        ...

    def new_reader(self) -> TopicReader:
        """Make one that is not started."""
        ...


class Session:
    """A broker in use: opens publishers and subscribers, and closes them at the end."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self._stack = ExitStack()

    def publisher(self, buffer: int | None = None) -> Publisher:
        publisher = self.broker.new_publisher(buffer)
        publisher.start()
        self._stack.callback(publisher.close)
        return publisher

    def subscriber(self, group: str = "readers", topics: Sequence[str] | None = None) -> Subscriber:
        subscriber = self.broker.new_subscriber(group, topics or [self.broker.trades_topic])
        subscriber.start()
        self._stack.callback(subscriber.close)
        return subscriber

    def reader(self) -> TopicReader:
        reader = self.broker.new_reader()
        reader.start()
        self._stack.callback(reader.close)
        return reader

    def dead_letters(self, group: str = "readers") -> Subscriber:
        return self.subscriber(group, [self.broker.dead_letters_topic])

    def events(self, group: str = "readers") -> Subscriber:
        return self.subscriber(group, [self.broker.events_topic])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


class InMemory:
    trades_topic = "trades"
    dead_letters_topic = "trades.dlq"
    events_topic = "feed.events"
    candles_topic = "candles"

    def __init__(self, capacity: int = 50_000) -> None:
        self._broker = MemoryBroker(capacity=capacity)

    def new_publisher(self, buffer: int | None = None) -> Publisher:
        return MemoryPublisher(self._broker)

    def new_subscriber(self, group: str, topics: Sequence[str]) -> Subscriber:
        return MemorySubscriber(self._broker, group, topics)

    def new_reader(self) -> TopicReader:
        return MemoryTopicReader(self._broker)


class OnKafka:
    def __init__(self, client: KafkaSettings) -> None:
        self._client = client
        self.trades_topic = f"trades-{uuid.uuid4().hex}"
        self.dead_letters_topic = f"{self.trades_topic}.dlq"
        self.events_topic = f"{self.trades_topic}.events"
        self.candles_topic = f"{self.trades_topic}.candles"
        ensure_topics(self.settings(), profile=Profile.DEV)
        ensure_candles(self.settings(), profile=Profile.DEV)

    def settings(self, buffer: int | None = None) -> KafkaSettings:
        return attrs.evolve(
            self._client,
            trades_topic=self.trades_topic,
            dead_letters_topic=self.dead_letters_topic,
            events_topic=self.events_topic,
            candles_topic=self.candles_topic,
            buffer_messages=buffer or 100_000,
        )

    def new_publisher(self, buffer: int | None = None) -> Publisher:
        return KafkaPublisher(self.settings(buffer))

    def new_subscriber(self, group: str, topics: Sequence[str]) -> Subscriber:
        return KafkaSubscriber(self.settings(), group, topics)

    def new_reader(self) -> TopicReader:
        return KafkaTopicReader(self.settings())


def make_trade(number: int = 0, symbol: str = "BINANCE:BTCUSDT") -> Trade:
    """Make a trade whose event time holds its number."""
    return Trade(
        symbol=symbol,
        price=Decimal("64123.45"),
        volume=Decimal("0.0012"),
        timestamp_ms=1_680_286_537_580 + number,
        trade_id="0000-0a1b2c3d",
        conditions=("1", "12"),
        received_ms=1_680_286_537_601 + number,
        venue="BINANCE",
        asset_class="crypto",
    )


def make_trades(count: int, symbols: int = 1, first: int = 0) -> list[Trade]:
    """Make trades of some symbols in turn."""
    return [make_trade(number, f"BINANCE:S{number % symbols}USDT") for number in range(first, first + count)]


def make_dead_letter(payload: bytes = b"\xff\x00 no trade") -> DeadLetter:
    rejection = Rejection(reason=Reason.NOT_FINITE, detail="p: NaN")
    return DeadLetter(payload=payload, rejection=rejection, source="finnhub", rejected_ms=1_680_286_537_601)


def make_event(number: int = 0, instance: str = "producer-1") -> SessionEvent:
    """Make a heartbeat whose time holds its number."""
    return SessionEvent(
        instance=instance,
        session="5f3a9c1e-1",
        kind=SessionEventKind.ALIVE,
        at_ms=1_680_286_540_000 + number,
        seen_ms=1_680_286_539_981 + number,
        symbols={"AAPL": 1_680_286_537_580, "BINANCE:BTCUSDT": 1_680_286_537_580},
    )


def publish(publisher: Publisher, items: Iterable[Publishable]) -> None:
    """Publish all and wait until each is acknowledged."""
    for item in items:
        publisher.publish(item)
    deliveries = publisher.flush(TIMEOUT_S)
    assert deliveries.pending == deliveries.failed == 0


def read(subscriber: Subscriber, count: int, max_records: int = 10_000) -> list[TopicRecord]:
    """Read until so many records have come, or the time is up; `max_records` are read at a time."""
    records: list[TopicRecord] = []
    deadline = time.monotonic() + TIMEOUT_S
    while len(records) < count and time.monotonic() < deadline:
        records += subscriber.read(0.2, max_records)
    return records


def by_key(records: Iterable[TopicRecord]) -> dict[bytes | None, list[bytes]]:
    """Return the values of each key in the order in which they were read."""
    values: dict[bytes | None, list[bytes]] = defaultdict(list)
    for record in records:
        values[record.key].append(record.value)
    return dict(values)


def offsets(records: Iterable[TopicRecord]) -> dict[int, list[int]]:
    """Return the offsets of each partition in the order in which they were read."""
    found: dict[int, list[int]] = defaultdict(list)
    for record in records:
        found[record.partition].append(record.offset)
    return dict(found)
