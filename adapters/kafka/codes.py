"""Error codes of Kafka and librdkafka, grouped by what they mean here."""

# The names of librdkafka's own codes begin with an underscore, and are public all the same.
# ruff: noqa: SLF001

from typing import Final

from confluent_kafka import KafkaError, KafkaException

ALL_BROKERS_UNAVAILABLE: Final = KafkaError._ALL_BROKERS_DOWN

CREDENTIALS_REFUSED: Final = KafkaError._AUTHENTICATION
"""A broker does not know the user, or the password is another one."""

REFUSED_CONNECTION: Final = frozenset({CREDENTIALS_REFUSED, KafkaError._SSL})
"""A broker did not accept the credentials, or one side did not accept the certificate of the other."""

END_OF_PARTITION: Final = KafkaError._PARTITION_EOF

END_OF_PRODUCER: Final = frozenset({KafkaError._FATAL, KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})
"""A record was not delivered because its producer ended, not because of itself."""

TOPIC_UNAVAILABLE: Final = frozenset(
    {
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        # For a record that was being retried while its partition was deleted.
        KafkaError._DESTROY,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.UNKNOWN_TOPIC_ID,
        KafkaError.INCONSISTENT_TOPIC_ID,
        KafkaError.KAFKA_STORAGE_ERROR,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
    }
)
"""The whole topic accepts no records: it was deleted, another cluster answers, its disk failed, or a permission was withdrawn. All of
that can be repaired."""

NO_SUCH_PLACE: Final = frozenset(
    {KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART}
)
"""There is no such topic or partition."""

_PASSING: Final = frozenset(
    {KafkaError._MAX_POLL_EXCEEDED, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT}
)

COORDINATOR_UNAVAILABLE: Final = frozenset(
    {KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR}
)
"""A broker that has just started cannot answer about groups yet: ask again."""

COMMIT_TOO_LATE: Final = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError._ASSIGNMENT_LOST,
    }
)
"""The partitions of a commit are being reassigned, or have been."""


def error_of(exception: KafkaException) -> KafkaError:
    """Return the error that an exception of confluent-kafka carries."""
    error = exception.args[0]
    assert isinstance(error, KafkaError)  # noqa: S101 - for the type checker: confluent-kafka raises it with nothing else
    return error


def is_fatal(error: KafkaError) -> bool:
    """Return whether the client that reported the error can no longer be used."""
    return error.fatal() or error.code() == KafkaError._FATAL


def is_passing(error: KafkaError) -> bool:
    """Return whether reading continues on its own after this error."""
    return error.code() in _PASSING or (error.retriable() and not is_fatal(error))
