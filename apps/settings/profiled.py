"""The settings of the adapters of a program, by its profile: in production they refuse topics and keyspaces with too few copies."""

from typing import Protocol

import attrs

from adapters.cassandra.settings import CassandraSettings
from adapters.kafka.settings import KafkaSettings

from .options import CassandraOptions, KafkaOptions
from .production import MIN_COPIES, Profile


class ConnectsToKafka(Protocol):
    """The settings of a program that connects to Kafka."""

    @property
    def kafka(self) -> KafkaOptions: ...  # noqa: D102 - the class says it

    @property
    def profile(self) -> Profile: ...  # noqa: D102


class ConnectsToCassandra(Protocol):
    """The settings of a program that connects to Cassandra."""

    @property
    def cassandra(self) -> CassandraOptions: ...  # noqa: D102 - the class says it

    @property
    def profile(self) -> Profile: ...  # noqa: D102


def kafka_settings(settings: ConnectsToKafka) -> KafkaSettings:
    """Return the settings of a program's Kafka adapters: in production they refuse topics with too few replicas."""
    return attrs.evolve(settings.kafka.adapter(), min_replicas=min_copies(settings.profile))


def cassandra_settings(settings: ConnectsToCassandra) -> CassandraSettings:
    """Return the settings of a program's Cassandra adapters: in production they refuse a keyspace with too few copies."""
    return attrs.evolve(settings.cassandra.adapter(), min_copies=min_copies(settings.profile))


def min_copies(profile: Profile) -> int:
    """Return how many copies of a record or a row a program of this profile demands."""
    return MIN_COPIES if profile == "production" else 1
