"""Consumers of confluent-kafka, made from the settings."""

from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaException

from ports.errors import BrokerError

from .logs import ClientLog
from .settings import KafkaSettings


def new_consumer(
    settings: KafkaSettings, group: str, log: ClientLog, properties: Mapping[str, str | int | bool] | None = None
) -> Consumer:
    """Return a consumer that has not joined the group yet; `properties` win over the settings.

    A consumer needs the name of a group, also one that is only assigned partitions and never joins. Raise BrokerError when Kafka does not know a setting.
    """
    try:
        return Consumer({**settings.consumer(group), **log.options(), **(properties or {})})
    except (KafkaException, ValueError, TypeError) as error:
        raise BrokerError(f"Kafka does not accept these settings: {error}") from error
