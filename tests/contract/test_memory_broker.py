"""The broker in memory keeps the promises of publishers and subscribers."""

import pytest

from .brokers import Broker, InMemory
from .publisher_contract import PublisherContract
from .subscriber_contract import SubscriberContract
from .topic_reader_contract import DeadLetterReplayContract, TopicReaderContract


@pytest.fixture
def broker() -> Broker:
    return InMemory()


@pytest.fixture
def small_broker() -> Broker:
    return InMemory(capacity=10)


class TestMemoryPublisher(PublisherContract):
    pass


class TestMemorySubscriber(SubscriberContract):
    pass


class TestMemoryTopicReader(TopicReaderContract):
    pass


class TestMemoryDeadLetterReplay(DeadLetterReplayContract):
    pass
