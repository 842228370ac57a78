"""The whole watchlist, read from its topic and followed: every partition, whichever instance it is assigned to.

The topic is small and compacted, so each reader reads it from its beginning. Nothing is committed.
"""

import time
from typing import Self

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from domain.watchlist import Book
from ports.errors import BrokerError

from .codes import END_OF_PARTITION, is_passing
from .consumers import new_consumer
from .logs import ClientLog
from .metadata import read_topics, require_topics
from .settings import KafkaSettings

_AT_A_TIME = 1_000

_log = structlog.get_logger(__name__)


class WatchlistReader:
    """Keeps a `Book` up to date with the topic. For use by one thread."""

    def __init__(self, settings: KafkaSettings, *, fetch_wait_ms: int = 500) -> None:
        """Set how long the broker may wait for a record before it reports the end of a partition."""
        self._settings = settings
        self._fetch_wait_ms = fetch_wait_ms
        self._client_log = ClientLog("watchlist reader", settings.bootstrap_servers)
        self._consumer: Consumer | None = None
        self._unread: set[int] = set()
        self.book = Book()
        self.partitions = 0
        """How many partitions the topic has."""

    def start(self) -> None:
        """Begin to read. Raise BrokerError when no broker answers, TopicMissingError when the topic is missing."""
        if self._consumer is not None:
            return
        settings = self._settings
        properties = {"enable.partition.eof": True, "fetch.wait.max.ms": self._fetch_wait_ms}
        consumer = new_consumer(settings, settings.watchlist_group, self._client_log, properties)
        try:
            topic = settings.watchlist_topic
            require_topics(consumer, (topic,), settings, self._client_log)
            self.partitions = read_topics(consumer, settings, self._client_log)[topic].partitions
            self._unread = set(range(self.partitions))
            consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in self._unread])
        except BrokerError:
            consumer.close()
            raise
        self._consumer = consumer

    @property
    def is_complete(self) -> bool:
        """Whether every partition has been read to its end once. From then on the book follows the topic closely."""
        return self._consumer is not None and not self._unread

    def poll(self, wait_s: float = 0) -> bool:
        """Apply the records that have come, and return whether they changed the book. Raise BrokerError when reading cannot go on."""
        if self._consumer is None:
            raise BrokerError("the watchlist is not open")
        # `consume` waits until it has as many records as it was asked for.
        messages = self._consumer.consume(1, wait_s) if wait_s else []
        messages += self._consumer.consume(_AT_A_TIME, 0)
        return sum(self._take(message) for message in messages) > 0

    def read_to_end(self) -> Book:
        """Wait until everything has been read, and return the book. Raise BrokerError when that takes longer than a connection may."""
        deadline = time.monotonic() + self._settings.connect_timeout_s
        while not self.is_complete:
            self.poll(0.1)
            if time.monotonic() > deadline:
                raise BrokerError(f"{self._settings.watchlist_topic} could not be read to its end in time: try again")
        return self.book

    def close(self) -> None:
        """Release the connection. Closing twice is fine."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, message: Message) -> bool:
        error, partition = message.error(), message.partition()
        if error is not None:
            if error.code() == END_OF_PARTITION and partition is not None:
                self._unread.discard(partition)
            elif not is_passing(error):
                raise BrokerError(f"cannot read {self._settings.watchlist_topic}: {error.str()}") from KafkaException(
                    error
                )
            return False
        if partition is None or not self.book.take(partition, message.key(), message.value()):
            _log.warning(
                "watchlist record ignored: its key is not a symbol", key=str(message.key())[:100], partition=partition
            )
            return False
        return True
