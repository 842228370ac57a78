"""Ask a cluster at the start whether it answers and which topics it has, so that a wrong setting ends in a clear error."""

import time
from collections.abc import Iterable
from typing import Any, Final

import attrs
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from ports.errors import BrokerError, TopicMissingError

from .codes import error_of
from .logs import ClientLog
from .settings import KafkaSettings

_FIRST_ATTEMPT_S: Final = 0.5
"""How long the first attempt waits; each further one waits twice as long. Between attempts, a refusal of the credentials is noticed."""


@attrs.frozen(kw_only=True)
class TopicState:
    """What a cluster reports about a topic."""

    partitions: int
    replicas: int
    """The smallest number of replicas of any of its partitions."""
    has_leaders: bool
    """Whether every partition has a leader, and so accepts records."""


def read_topics(
    client: Producer | Consumer | AdminClient, settings: KafkaSettings, log: ClientLog
) -> dict[str, TopicState]:
    """Return the cluster's topics by name. Raise BrokerError when no broker answers in time, or at once when one refuses the credentials."""
    log.forget_refusal()  # of an earlier call
    try:
        topics = _list_topics(client, settings.connect_timeout_s, log)
    except KafkaException as error:
        reason = log.last_error or error_of(error).str()
        if log.refusal:
            raise BrokerError(
                f"no connection to Kafka at {settings.bootstrap_servers} with these security settings: {log.refusal}"
            ) from error
        raise BrokerError(
            f"no Kafka broker at {settings.bootstrap_servers} answered within {settings.connect_timeout_s:g} s ({reason}): "
            "is it running, is the address right, and do the security settings fit?"
        ) from error
    return {
        name: TopicState(
            partitions=len(topic.partitions),
            replicas=min((len(partition.replicas) for partition in topic.partitions.values()), default=0),
            has_leaders=all(partition.leader >= 0 for partition in topic.partitions.values()),
        )
        for name, topic in topics.items()
    }


def _list_topics(client: Producer | Consumer | AdminClient, timeout_s: float, log: ClientLog) -> dict[str, Any]:
    """Return the topics. Raise KafkaException at the end of the time, or when a broker has refused the credentials: it would do so again."""
    deadline = time.monotonic() + timeout_s
    attempt_s = _FIRST_ATTEMPT_S
    while True:
        left_s = max(0.0, deadline - time.monotonic())
        try:
            return client.list_topics(timeout=min(attempt_s, left_s)).topics
        except KafkaException:
            client.poll(0)  # calls the error callback with the cause
            if log.credentials_refused or left_s <= attempt_s:
                raise
        attempt_s *= 2


def require_topics(client: Producer | Consumer, topics: Iterable[str], settings: KafkaSettings, log: ClientLog) -> None:
    """Check that the cluster answers and has these topics, each with enough replicas.

    Raise BrokerError when it does not answer or keeps too few replicas, TopicMissingError when a topic is missing.
    """
    topics = tuple(topics)
    known = read_topics(client, settings, log)
    missing = [topic for topic in topics if topic not in known]
    if missing:
        user = settings.security.username
        hidden = f", or the user {user!r} has no right on it" if user else ""
        raise TopicMissingError(f"Kafka at {settings.bootstrap_servers} has no topic {', '.join(missing)}{hidden}")
    few = [f"{topic} has {known[topic].replicas}" for topic in topics if known[topic].replicas < settings.min_replicas]
    if few:
        raise BrokerError(
            f"Kafka at {settings.bootstrap_servers} keeps fewer than {settings.min_replicas} replicas: {', '.join(few)}"
        )
