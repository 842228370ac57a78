"""Clients of the secure stack that do what they may not."""

from typing import Final

import attrs
import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from adapters.cassandra.session import CassandraSession
from adapters.kafka.settings import KafkaSettings
from apps.local_stack.parts import Servers
from devstack.stack import Stack
from ports.errors import StoreError
from tests.support.timeouts import scaled

WRONG: Final = "wr0ng-password"


def topic_error(settings: KafkaSettings, topic: str) -> KafkaError | None:
    """Return why a user may not see a topic; None if it may."""
    return AdminClient(settings.client()).list_topics(topic, timeout=scaled(20)).topics[topic].error


def be_denied_by_kafka(stack: Stack) -> None:
    """Ask for a topic on which the user has no right."""
    settings = Servers.of(stack, user="watchlist").kafka
    error = topic_error(settings, settings.trades_topic)
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def log_in_to_kafka_with_a_wrong_password(stack: Stack) -> None:
    """Try for some seconds."""
    settings = Servers.of(stack).kafka
    wrong = attrs.evolve(settings, security=attrs.evolve(settings.security, password=WRONG))
    with pytest.raises(KafkaException):
        AdminClient(wrong.client()).list_topics(timeout=scaled(5))


def log_in_to_cassandra_with_a_wrong_password(stack: Stack) -> None:
    """Try once."""
    settings = attrs.evolve(Servers.of(stack).cassandra, password=WRONG)
    with pytest.raises(StoreError), CassandraSession(settings):
        pass
