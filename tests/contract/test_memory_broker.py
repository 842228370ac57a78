"""The broker in memory keeps the promises of publishers and subscribers."""

import pytest

from tests.contract.brokers import Broker, InMemory
from tests.contract.publisher_contract import PublisherContract
from tests.contract.subscriber_contract import SubscriberContract


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
