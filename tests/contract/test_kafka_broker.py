"""A real Kafka keeps the promises of publishers and subscribers, and chooses partitions as the broker in memory does."""

import pytest

from adapters.memory.partitioner import partition_of
from apps.local_stack.parts import kafka_of
from devstack.servers.secrets import ADMIN
from devstack.stack import Stack

from .brokers import Broker, OnKafka, Session, make_trades, publish, read
from .publisher_contract import PublisherContract
from .subscriber_contract import SubscriberContract
from .topic_reader_contract import DeadLetterReplayContract, TopicReaderContract

pytestmark = pytest.mark.servers


@pytest.fixture
def broker(each_kafka_stack: Stack) -> Broker:
    return OnKafka(kafka_of(each_kafka_stack, ADMIN))


@pytest.fixture
def small_broker(broker: Broker) -> Broker:
    return broker  # here the buffer is the publisher's


class TestKafkaPublisher(PublisherContract):
    def test_it_chooses_partitions_as_the_broker_in_memory_does(self, session: Session) -> None:
        publish(session.publisher(), make_trades(200, symbols=200))
        records = read(session.subscriber(), 200)
        assert len(records) == 200
        for record in records:
            assert record.key is not None
            assert record.partition == partition_of(record.key, 4)


class TestKafkaSubscriber(SubscriberContract):
    pass


class TestKafkaTopicReader(TopicReaderContract):
    pass


class TestKafkaDeadLetterReplay(DeadLetterReplayContract):
    pass
