"""Port: records of a topic, read by place and time and without a consumer group."""

from collections.abc import Iterator
from typing import Protocol

from domain.record import TopicRecord


class TopicReader(Protocol):
    """Reads a topic as it is now. It commits nothing, so reading changes nothing. For use by one thread."""

    def start(self) -> None:
        """Connect. Raise BrokerError for what waiting does not cure."""
        ...

    def read(self, topic: str) -> Iterator[TopicRecord]:
        """Yield the records that the topic holds at the time of the call, in order within a partition. Raise BrokerError."""
        ...

    def read_one(self, topic: str, partition: int, offset: int) -> TopicRecord | None:
        """Return the record at a place, None when there is none, or none any more. Raise BrokerError."""
        ...

    def close(self) -> None:
        """Release the connection. Closing twice is fine."""
        ...
