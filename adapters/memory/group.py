"""Consumer groups of the memory broker: who owns which partition, what was given, what is committed.

- A partition belongs to one member of a group at a time; they are dealt out again whenever a member comes or goes.
- A partition that changes hands goes on behind the last commit, so what was read and not committed is given again.
- A member commits what it was given of the partitions that it still owns, and nothing else.

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
    """One member; `positions` holds, for each partition that it owns, the offset of the next record to give."""

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
    def is_forgotten(self) -> bool:
        """Whether nothing is left to remember: no member, and never a commit."""
        return not self._members and not self.committed

    @property
    def topics(self) -> frozenset[str]:
        """All topics that its members have ever asked for."""
        return frozenset(self._topics)

    def holds_back(self, place: Place) -> int | None:
        """Give the first offset of a partition that the group may still want, or None when it reads other topics."""
        return self.committed.get(place, 0) if place.topic in self._topics else None

    def join(self, topics: Iterable[str]) -> Member:
        """Add a member and deal the partitions out again."""
        member = Member(topics=tuple(dict.fromkeys(topics)))
        self._members.append(member)
        self._topics.update(member.topics)
        self._rebalance()
        return member

    def leave(self, member: Member) -> None:
        """Take a member out, without a commit; a second time changes nothing."""
        if member in self._members:
            self._members.remove(member)
            member.positions.clear()
            self._rebalance()

    def commit(self, member: Member) -> None:
        """Remember what the member was given as done."""
        self.committed.update(member.positions)

    def _rebalance(self) -> None:
        for topic in self._topics:
            takers = [member for member in self._members if topic in member.topics]
            for partition in range(self._partitions if takers else 0):
                place = Place(topic, partition)
                owner = takers[partition % len(takers)]
                for member in takers:
                    if member is not owner:
                        member.positions.pop(place, None)
                owner.positions.setdefault(place, self.committed.get(place, 0))
