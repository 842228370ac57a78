"""Port: the way out of the broker."""

from collections.abc import Sequence
from typing import Protocol

from domain.record import TopicRecord


class Subscriber(Protocol):
    """Reads the records of its topics as a member of a consumer group: each record goes to one member, in order within its partition."""

    def start(self) -> None:
        """Join the group. A group that has committed nothing begins at the oldest record. Raises BrokerError for what waiting does not cure."""
        ...

    def read(self, timeout_s: float, max_records: int = 10_000) -> Sequence[TopicRecord]:
        """Give the next records, waiting for the first no longer than the time; empty when none came. Raises BrokerError when the group cannot go on."""
        ...

    def commit(self) -> None:
        """Remember all that `read` has given as done: the group goes on behind it. Without it, it is given again after a restart."""
        ...

    def close(self) -> None:
        """Leave the group, without a commit; closing twice is fine."""
        ...
