"""Records of the memory broker's topics, read without a group."""

from collections.abc import Iterator
from typing import Self

from domain.record import TopicRecord

from .broker import MemoryBroker


class MemoryTopicReader:
    """A `ports.topic_reader.TopicReader` over a `MemoryBroker`."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    def start(self) -> None:
        """Do nothing: there is no connection."""

    def read(self, topic: str) -> Iterator[TopicRecord]:
        """Yield the records of a topic."""
        return iter(self._broker.records(topic))

    def read_one(self, topic: str, partition: int, offset: int) -> TopicRecord | None:
        """Return the record at a place, None when there is none."""
        found = (
            record for record in self._broker.records(topic) if (record.partition, record.offset) == (partition, offset)
        )
        return next(found, None)

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
