"""Consumer groups of the memory broker: which member owns which partition, what it has read, and what the group has committed.

- A partition is assigned to one member of a group at a time. Partitions are reassigned whenever a member joins or leaves.
- A partition that moves to another member continues after the last commit, so records that were read and not committed are read again.
- A member commits what it has read of the partitions that it still owns, and nothing else.

Not thread-safe: the broker holds its lock around every call.
"""

from collections.abc import Iterable
from typing import NamedTuple

import attrs


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


@attrs.define(eq=False)
class Member:
    """One member; `positions` holds, for each partition that it owns, the offset of the next record to read."""

    topics: tuple[str, ...]
    positions: dict[Place, int] = attrs.field(factory=dict)


class Group:
    """The members and the committed offsets of one consumer group."""

    def __init__(self, name: str, partitions: int) -> None:
        self.name = name
        self.committed: dict[Place, int] = {}
        self._partitions = partitions
        self._members: list[Member] = []
        self._topics: set[str] = set()

    @property
    def is_empty(self) -> bool:
        """Whether the group has no member, and has never committed."""
        return not self._members and not self.committed

    @property
    def topics(self) -> frozenset[str]:
        """All topics that its members have ever subscribed to."""
        return frozenset(self._topics)

    def first_needed(self, place: Place) -> int | None:
        """Return the first offset of a partition that the group may still read, or None when it does not read the topic."""
        return self.committed.get(place, 0) if place.topic in self._topics else None

    def join(self, topics: Iterable[str]) -> Member:
        """Add a member, and reassign the partitions."""
        member = Member(topics=tuple(dict.fromkeys(topics)))
        self._members.append(member)
        self._topics.update(member.topics)
        self._rebalance()
        return member

    def leave(self, member: Member) -> None:
        """Remove a member, without a commit. Removing it twice is fine."""
        if member in self._members:
            self._members.remove(member)
            member.positions.clear()
            self._rebalance()

    def commit(self, member: Member) -> None:
        """Commit what the member has read."""
        self.committed.update(member.positions)

    def _rebalance(self) -> None:
        for topic in self._topics:
            readers = [member for member in self._members if topic in member.topics]
            for partition in range(self._partitions if readers else 0):
                place = Place(topic, partition)
                owner = readers[partition % len(readers)]
                for member in readers:
                    if member is not owner:
                        member.positions.pop(place, None)
                owner.positions.setdefault(place, self.committed.get(place, 0))
