"""Ask a cluster at the start whether it answers and which topics it has, so that a wrong setting ends in a clear error."""

from collections.abc import Iterable

import attrs
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from ports.errors import BrokerError, TopicMissingError

from .codes import error_of
from .logs import ClientLog
from .settings import KafkaSettings


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
    """Return the cluster's topics by name. Raise BrokerError when no broker answers in time."""
    log.refusal = ""  # of an earlier attempt
    try:
        topics = client.list_topics(timeout=settings.connect_timeout_s).topics
    except KafkaException as error:
        client.poll(0)  # calls the error callback with the cause
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


def require_topics(client: Producer | Consumer, topics: Iterable[str], settings: KafkaSettings, log: ClientLog) -> None:
    """Check that the cluster answers and has these topics. Raise BrokerError when it does not answer, TopicMissingError when one is missing."""
    known = read_topics(client, settings, log)
    missing = [topic for topic in topics if topic not in known]
    if missing:
        raise TopicMissingError(f"Kafka at {settings.bootstrap_servers} has no topic {', '.join(missing)}")
