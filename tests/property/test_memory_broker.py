"""The broker in memory against a model of lists and dicts, under any sequence of publishing, reading, committing, joining and leaving.

The model holds the records, the owner and the position of each partition, the commits, and how far each log is trimmed. The broker must agree at
every step: return exactly the next records of a member's partitions, and refuse a record exactly when there is no room.
"""

from collections import defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from adapters.memory.broker import MemoryBroker
from adapters.memory.partitioner import partition_of
from adapters.memory.subscriber import MemorySubscriber
from domain.record import TopicRecord
from ports.errors import BrokerError

TOPICS = ("trades", "trades.dlq")
GROUPS = ("one", "other")
Place = tuple[str, int]


class Member:
    def __init__(self, broker: MemoryBroker, group: str, topics: tuple[str, ...]) -> None:
        self.group = group
        self.topics = topics
        self.subscriber = MemorySubscriber(broker, group, topics)
        self.positions: dict[Place, int] = {}


class BrokerMachine(RuleBasedStateMachine):
    members = Bundle("members")

    @initialize(partitions=st.integers(1, 3), capacity=st.integers(1, 6))
    def begin(self, partitions: int, capacity: int) -> None:
        self.partitions = partitions
        self.capacity = capacity
        self.clock = 0
        self.broker = MemoryBroker(
            partitions=partitions, capacity=capacity, full_timeout_s=0, now_ms=lambda: self.clock
        )
        self.logs: dict[Place, list[TopicRecord]] = defaultdict(list)
        self.forgotten: dict[Place, int] = defaultdict(int)
        self.committed: dict[str, dict[Place, int]] = {}
        self.topics: dict[str, set[str]] = {}
        self.joined: list[Member] = []
        self.keyless = 0

    @rule(topic=st.sampled_from(TOPICS), key=st.none() | st.binary(max_size=2), value=st.binary(max_size=3))
    def publish(self, topic: str, key: bytes | None, value: bytes) -> None:
        self.clock += 1
        headers = (("name", value),)
        if key is None:
            partition = self.keyless % self.partitions
            self.keyless += 1
        else:
            partition = partition_of(key, self.partitions)
        has_room = self.make_room((topic, partition))
        try:
            record = self.broker.append(topic, key=key, value=value, headers=headers)
        except BrokerError:
            assert not has_room
            return
        assert has_room
        log = self.logs[topic, partition]
        assert record == TopicRecord(
            topic=topic,
            partition=partition,
            offset=len(log),
            key=key,
            value=value,
            headers=headers,
            appended_ms=self.clock,
        )
        log.append(record)

    def make_room(self, place: Place) -> bool:
        if len(self.logs[place]) - self.forgotten[place] >= self.capacity:
            wanted = [done.get(place, 0) for group, done in self.committed.items() if place[0] in self.topics[group]]
            done_with = min(wanted) if wanted else self.forgotten[place] + 1
            self.forgotten[place] = max(self.forgotten[place], done_with)
        return len(self.logs[place]) - self.forgotten[place] < self.capacity

    @rule(target=members, group=st.sampled_from(GROUPS), topics=st.sampled_from([TOPICS[:1], TOPICS[1:], TOPICS]))
    def join(self, group: str, topics: tuple[str, ...]) -> Member:
        member = Member(self.broker, group, topics)
        member.subscriber.start()
        self.joined.append(member)
        self.committed.setdefault(group, {})
        self.topics.setdefault(group, set()).update(topics)
        self.deal_out(group)
        return member

    @rule(member=consumes(members))
    def leave(self, member: Member) -> None:
        member.subscriber.close()
        self.joined.remove(member)
        self.deal_out(member.group)
        if not self.committed[member.group] and all(other.group != member.group for other in self.joined):
            del self.committed[member.group], self.topics[member.group]

    def deal_out(self, group: str) -> None:
        for topic in TOPICS:
            takers = [member for member in self.joined if member.group == group and topic in member.topics]
            for partition in range(self.partitions):
                place = (topic, partition)
                for number, member in enumerate(takers):
                    if number == partition % len(takers):
                        member.positions.setdefault(place, self.committed[group].get(place, 0))
                    else:
                        member.positions.pop(place, None)

    @rule(member=members, most=st.integers(1, 5))
    def read(self, member: Member, most: int) -> None:
        waiting = {
            place: self.logs[place][max(position, self.forgotten[place]) :]
            for place, position in member.positions.items()
        }
        records = member.subscriber.read(0, max_records=most)
        assert len(records) == min(most, sum(map(len, waiting.values())))
        for record in records:
            place = (record.topic, record.partition)
            assert record == waiting[place].pop(0)
            member.positions[place] = record.offset + 1

    @rule(member=members)
    def commit(self, member: Member) -> None:
        member.subscriber.commit()
        self.committed[member.group].update(member.positions)

    @invariant()
    def lag_is_what_is_not_committed(self) -> None:
        for group, done in getattr(self, "committed", {}).items():
            assert self.broker.lag(group) == sum(
                len(log) - max(self.forgotten[place], done.get(place, 0))
                for place, log in self.logs.items()
                if place[0] in self.topics[group]
            )


TestBrokerMachine = BrokerMachine.TestCase
TestBrokerMachine.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
