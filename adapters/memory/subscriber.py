"""A member of a consumer group of the memory broker."""

from collections.abc import Sequence
from typing import Self

from domain.record import TopicRecord
from ports.errors import BrokerError

from .broker import MemoryBroker
from .group import Member


class MemorySubscriber:
    """A `ports.subscriber.Subscriber` over a `MemoryBroker`."""

    def __init__(self, broker: MemoryBroker, group: str, topics: Sequence[str] = ("trades",)) -> None:
        self._broker = broker
        self._group = group
        self._topics = tuple(topics)
        self._member: Member | None = None

    def start(self) -> None:
        """Join the group; partitions are assigned at once."""
        if self._member is None:
            self._member = self._broker.join(self._group, self._topics)

    def read(self, timeout_s: float, max_records: int = 10_000) -> Sequence[TopicRecord]:
        """Return the next records of the partitions that this member owns. Raise BrokerError when it is not open."""
        return self._broker.fetch(self._joined(), timeout_s=timeout_s, max_records=max_records)

    def commit(self) -> None:
        """Commit all records that `read` has returned. Raise BrokerError when it is not open."""
        self._broker.commit(self._group, self._joined())

    def close(self) -> None:
        """Leave the group, without a commit. Closing twice is fine."""
        if self._member is not None:
            self._broker.leave(self._group, self._member)
            self._member = None

    def _joined(self) -> Member:
        if self._member is None:
            raise BrokerError(f"the subscriber of group {self._group} is not open")
        return self._member

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
