"""Port: the way out of the broker."""

from collections.abc import Sequence
from typing import Protocol

from domain.record import TopicRecord


class Subscriber(Protocol):
    """Reads the records of its topics as a member of a consumer group: each record goes to one member, in order within its partition."""

    def start(self) -> None:
        """Join the group. A group that has committed nothing begins at the oldest record. Raise BrokerError for what waiting does not cure."""
        ...

    def read(self, timeout_s: float, max_records: int = 10_000) -> Sequence[TopicRecord]:
        """Return the next records; wait up to the timeout for the first one, and return none when none came. Raise BrokerError when the group cannot go on."""
        ...

    def commit(self) -> None:
        """Commit all records that `read` has returned: after a restart the group continues after them. Uncommitted records are read again."""
        ...

    def close(self) -> None:
        """Leave the group, without a commit. Closing twice is fine."""
        ...
