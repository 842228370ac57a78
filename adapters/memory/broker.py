"""A broker in memory, with the promises of a real one: partitioned topics, offsets, keys, headers, consumer groups, commits.

- A topic is created at its first use, with the broker's number of partitions. Records of one key go to one partition, the same one that Kafka
  would choose, and keep their order; records without a key are distributed round robin.
- A partition holds at most `capacity` records, and values of at most `capacity_bytes`; a single record may be larger. When it is full, records that
  every group of the topic has committed are removed. A topic that no group reads drops its oldest records instead, as a real broker's retention does.
- When no records can be removed, the publisher waits: a slow group applies backpressure, and nothing is lost. In a program with one thread no
  group could ever commit meanwhile, so after `full_timeout_s` the wait ends in a BrokerError that names the group.
- A group exists from its first member on. A group without members that has never committed is deleted.
- The broker's clock stamps each record when it is appended.

Broker, publishers and subscribers may be used from any thread.
"""

import itertools
import threading
from collections.abc import Iterator, Sequence
from typing import Final

from adapters.system_clock import system_clock
from domain.record import TopicRecord
from ports.clock import Clock
from ports.errors import BrokerError

from .group import Group, Member, Place
from .log import PartitionLog
from .partitioner import partition_of

DEFAULT_PARTITIONS: Final = 4
DEFAULT_CAPACITY: Final = 50_000
DEFAULT_CAPACITY_BYTES: Final = 64 * 1024 * 1024


class MemoryBroker:
    """Topics, partitions and consumer groups in this process."""

    def __init__(
        self,
        *,
        partitions: int = DEFAULT_PARTITIONS,
        capacity: int = DEFAULT_CAPACITY,
        capacity_bytes: int = DEFAULT_CAPACITY_BYTES,
        full_timeout_s: float = 30.0,
        now_ms: Clock = system_clock,
    ) -> None:
        """Create an empty broker; `capacity` is in records per partition, `capacity_bytes` in bytes of values. Raise ValueError unless all are positive."""
        if partitions < 1 or capacity < 1 or capacity_bytes < 1:
            raise ValueError("a broker needs at least 1 partition per topic and room for 1 record")
        self._partitions = partitions
        self._capacity = capacity
        self._capacity_bytes = capacity_bytes
        self._full_timeout_s = full_timeout_s
        self._now_ms = now_ms
        self._changed = threading.Condition()
        self._logs: dict[Place, PartitionLog] = {}
        self._groups: dict[str, Group] = {}
        self._keyless = itertools.cycle(range(partitions))

    def append(
        self, topic: str, *, key: bytes | None, value: bytes, headers: tuple[tuple[str, bytes], ...] = ()
    ) -> TopicRecord:
        """Append a record, and return it with its offset; wait for room. Raise BrokerError when there is no room in time."""
        with self._changed:
            self._create(topic)
            partition = next(self._keyless) if key is None else partition_of(key, self._partitions)
            place = Place(topic, partition)
            log = self._logs[place]
            if not self._changed.wait_for(lambda: self._make_room(place, log, len(value)), self._full_timeout_s):
                raise BrokerError(self._explain_full(place, log))
            record = TopicRecord(
                topic=topic,
                partition=partition,
                offset=log.end,
                key=key,
                value=value,
                headers=headers,
                appended_ms=self._now_ms(),
            )
            log.append(record)
            self._changed.notify_all()
            return record

    def join(self, group: str, topics: Sequence[str]) -> Member:
        """Add a member to a group, known or new."""
        with self._changed:
            for topic in topics:
                self._create(topic)
            member = self._groups.setdefault(group, Group(group, self._partitions)).join(topics)
            self._changed.notify_all()
            return member

    def leave(self, group: str, member: Member) -> None:
        """Remove a member from its group, without a commit."""
        with self._changed:
            known = self._groups[group]
            known.leave(member)
            if known.is_empty:
                del self._groups[group]
            self._changed.notify_all()

    def fetch(self, member: Member, *, timeout_s: float, max_records: int) -> list[TopicRecord]:
        """Return a member's next records, and advance its positions; wait up to the timeout for the first one."""
        with self._changed:
            found: list[TopicRecord] = []

            def some() -> bool:
                found.extend(self._collect(member, max_records))
                return bool(found)

            self._changed.wait_for(some, timeout_s)
            return found

    def commit(self, group: str, member: Member) -> None:
        """Commit the positions of a member."""
        with self._changed:
            self._groups[group].commit(member)
            self._changed.notify_all()

    def end_offsets(self, topic: str) -> dict[int, int]:
        """Return, by partition, the offset of the next record; empty for a topic that does not exist."""
        with self._changed:
            return {place.partition: log.end for place, log in self._logs.items() if place.topic == topic}

    def records(self, topic: str) -> list[TopicRecord]:
        """Return the records that a topic holds now, partition after partition; empty for a topic that does not exist."""
        with self._changed:
            return [
                record
                for place, log in self._logs.items()
                if place.topic == topic
                for record in log.read(log.base, len(log))
            ]

    def lag(self, group: str) -> int:
        """Count the records of its topics that a group has not committed; 0 for a group that does not exist."""
        with self._changed:
            known = self._groups.get(group)
            if known is None:
                return 0
            return sum(
                log.end - max(log.base, known.committed.get(place, 0))
                for place, log in self._logs.items()
                if place.topic in known.topics
            )

    def _create(self, topic: str) -> None:
        if Place(topic, 0) not in self._logs:
            for partition in range(self._partitions):
                self._logs[Place(topic, partition)] = PartitionLog()

    def _collect(self, member: Member, max_records: int) -> Iterator[TopicRecord]:
        """Yield available records. A partition that was read moves to the end of the order, so a busy one does not starve the others."""
        for place in list(member.positions):
            if max_records <= 0:
                return
            log = self._logs[place]
            start = max(member.positions[place], log.base)
            records = log.read(start, max_records)
            if records:
                del member.positions[place]
                member.positions[place] = start + len(records)
                max_records -= len(records)
                yield from records

    def _readers(self, place: Place) -> dict[str, int]:
        """Return the groups that read a partition, each with the first offset that it may still read."""
        wanted = {name: group.first_needed(place) for name, group in self._groups.items()}
        return {name: offset for name, offset in wanted.items() if offset is not None}

    def _make_room(self, place: Place, log: PartitionLog, value_bytes: int) -> bool:
        if self._has_room(log, value_bytes):
            return True
        readers = self._readers(place)
        if readers:
            log.trim(min(readers.values()))
            return self._has_room(log, value_bytes)
        while not self._has_room(log, value_bytes):
            log.trim(log.base + 1)
        return True

    def _has_room(self, log: PartitionLog, value_bytes: int) -> bool:
        is_within = len(log) < self._capacity and log.value_bytes + value_bytes <= self._capacity_bytes
        return is_within or not len(log)

    def _explain_full(self, place: Place, log: PartitionLog) -> str:
        slow = sorted(name for name, offset in self._readers(place).items() if offset <= log.base)
        return (
            f"{place.topic}/{place.partition} is full: {len(log)} records that {', '.join(slow)} did not commit "
            f"within {self._full_timeout_s:g} s ({log.value_bytes} bytes); read and commit in time, or give the memory broker more capacity"
        )
