"""Records of Kafka's topics, read by place and without joining a group: nothing is committed, and no other reader notices."""

import time
from collections.abc import Iterator
from typing import Self

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from domain.record import TopicRecord
from ports.errors import BrokerError

from .codes import END_OF_PARTITION, NO_SUCH_PLACE, error_of, is_passing
from .consumers import new_consumer
from .logs import ClientLog
from .metadata import require_topics
from .settings import KafkaSettings
from .subscriber import record_of

_AT_A_TIME = 1_000
GROUP = "tapeline-topic-reader"
"""The name of a group that no reader joins."""


class KafkaTopicReader:
    """A `ports.topic_reader.TopicReader` over confluent-kafka's consumer."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._client_log = ClientLog("topic reader", settings.bootstrap_servers)
        self._consumer: Consumer | None = None

    def start(self) -> None:
        """Make the client. Raise BrokerError when Kafka does not know a setting."""
        if self._consumer is not None:
            return
        self._consumer = new_consumer(self._settings, GROUP, self._client_log, {"enable.partition.eof": True})

    def read(self, topic: str) -> Iterator[TopicRecord]:
        """Yield the records that the topic holds now. Raise BrokerError when it is missing or cannot be read in time."""
        consumer = self._opened()
        require_topics(consumer, (topic,), self._settings, self._client_log)
        try:
            starts = self._bounds(consumer, topic)
            consumer.assign([TopicPartition(topic, number, low) for number, (low, _) in starts.items()])
            unread = {number: high for number, (low, high) in starts.items() if low < high}
            yield from self._take(consumer, unread)
        except KafkaException as error:
            raise BrokerError(f"cannot read {topic}: {error_of(error).str()}") from error
        finally:
            consumer.unassign()

    def read_one(self, topic: str, partition: int, offset: int) -> TopicRecord | None:
        """Return the record at a place."""
        consumer = self._opened()
        try:
            place = TopicPartition(topic, partition)
            low, high = consumer.get_watermark_offsets(place, timeout=self._settings.connect_timeout_s, cached=False)
            if not low <= offset < high:
                return None
            consumer.assign([TopicPartition(topic, partition, offset)])
            first = next(self._take(consumer, {partition: offset + 1}), None)
        except KafkaException as error:
            if error_of(error).code() in NO_SUCH_PLACE:
                return None
            raise BrokerError(f"cannot read {topic}: {error_of(error).str()}") from error
        finally:
            consumer.unassign()
        return first if first is not None and first.offset == offset else None

    def close(self) -> None:
        """Release the connection."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _opened(self) -> Consumer:
        if self._consumer is None:
            raise BrokerError("the topic reader is not open")
        return self._consumer

    def _bounds(self, consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
        """Return the first offset and the end of each partition."""
        timeout_s = self._settings.connect_timeout_s
        partitions = consumer.list_topics(topic, timeout=timeout_s).topics[topic].partitions
        return {
            number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=timeout_s, cached=False)
            for number in partitions
        }

    def _take(self, consumer: Consumer, unread: dict[int, int]) -> Iterator[TopicRecord]:
        """Yield records until each partition has been read up to its end; transactions and compaction may leave holes there."""
        deadline = time.monotonic() + self._settings.connect_timeout_s
        while unread:
            messages = consumer.consume(1, 0.1) + consumer.consume(_AT_A_TIME, 0)
            if messages:
                deadline = time.monotonic() + self._settings.connect_timeout_s
            elif time.monotonic() > deadline:
                raise BrokerError(f"Kafka at {self._settings.bootstrap_servers} delivered nothing in time: try again")
            for message in messages:
                record = self._record(message, unread)
                if record is not None:
                    yield record

    def _record(self, message: Message, unread: dict[int, int]) -> TopicRecord | None:
        error, partition = message.error(), message.partition()
        if error is not None:
            if error.code() == END_OF_PARTITION and partition is not None:
                unread.pop(partition, None)
            elif not is_passing(error):
                raise BrokerError(f"cannot read {message.topic()}: {error.str()}") from KafkaException(error)
            return None
        record = record_of(message)
        end = unread.get(record.partition)
        if end is None or record.offset >= end:
            unread.pop(record.partition, None)
            return None
        if record.offset == end - 1:
            del unread[record.partition]
        return record
