"""Records out of Kafka, as a member of a consumer group that commits only on request.

- `commit` covers what `read` has returned of the partitions that this member still owns. A partition that moves to another member continues there
  after the last commit, so records may be read twice, and none is skipped.
- An outage is not an error: `read` returns nothing until the brokers are available again. What waiting does not cure raises.
- After an outage that is longer than the session, the member joins the group again, from the last commit on. The group waits for the end of the
  member's old session first: for up to `settings.SESSION_MS` after the brokers are available again, `read` returns nothing.
"""

import time
from collections.abc import Sequence
from typing import Self

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from domain.record import TopicRecord
from ports.errors import BrokerError

from .codes import COMMIT_TOO_LATE, error_of, is_passing
from .consumers import new_consumer
from .logs import ClientLog
from .metadata import require_topics
from .settings import KafkaSettings

_log = structlog.get_logger(__name__)


class KafkaSubscriber:
    """A `ports.subscriber.Subscriber` over confluent-kafka's consumer."""

    def __init__(self, settings: KafkaSettings, group: str, topics: Sequence[str] | None = None) -> None:
        """Set the group's name and its topics; by default it reads the trades."""
        self._settings = settings
        self._group = group
        self._topics = tuple(topics) if topics is not None else (settings.trades_topic,)
        self._consumer: Consumer | None = None
        self._client_log = ClientLog("subscriber", settings.bootstrap_servers)
        self._returned: dict[tuple[str, int], int] = {}
        self._failure: KafkaError | None = None

    def start(self) -> None:
        """Join the group. Raise BrokerError when no broker answers, a topic is missing, or Kafka does not know a setting."""
        if self._consumer is not None:
            return
        consumer = new_consumer(self._settings, self._group, self._client_log)
        try:
            require_topics(consumer, self._topics, self._settings, self._client_log)
            consumer.subscribe(list(self._topics), on_revoke=self._forget, on_lost=self._forget)
        except BrokerError:
            consumer.close()
            raise
        self._consumer = consumer

    def read(self, timeout_s: float, max_records: int = 10_000) -> Sequence[TopicRecord]:
        """Return the next records; wait up to the timeout for the first one. Raise BrokerError when the group cannot go on."""
        consumer = self._joined()
        self._raise_failure()
        records: list[TopicRecord] = []
        deadline = time.monotonic() + timeout_s
        try:
            # `consume` waits until it has as many records as it was asked for: wait for one alone, then take those that have come.
            while not records:
                left = max(0.0, deadline - time.monotonic())
                self._take(consumer.consume(1, left), records)
                if left == 0 or self._failure is not None:
                    break
            if records and max_records > 1:
                self._take(consumer.consume(max_records - 1, 0), records)
        except KafkaException as error:
            raise BrokerError(
                f"cannot read {', '.join(self._topics)} as group {self._group}: {error_of(error).str()}"
            ) from error
        if not records:
            self._raise_failure()
        return records

    def commit(self) -> None:
        """Commit all records that `read` has returned. Raise BrokerError when the broker does not confirm it: then call it again."""
        consumer = self._joined()
        offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in self._returned.items()]
        if not offsets:
            return
        try:
            results = consumer.commit(offsets=offsets, asynchronous=False)
            errors = [result.error for result in results if result.error is not None]
        except KafkaException as error:
            errors = [error_of(error)]
        for problem in errors:
            if problem.code() not in COMMIT_TOO_LATE:
                raise BrokerError(f"commit of group {self._group} failed: {problem.str()}")
            _log.warning("commit came too late, records will be read again", group=self._group, error=problem.str())
        self._returned.clear()

    def close(self) -> None:
        """Leave the group, without a commit."""
        consumer, self._consumer = self._consumer, None
        self._returned.clear()
        if consumer is not None:
            consumer.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _joined(self) -> Consumer:
        if self._consumer is None:
            raise BrokerError(f"the subscriber of group {self._group} is not open")
        return self._consumer

    def _take(self, messages: Sequence[Message], records: list[TopicRecord]) -> None:
        """Add messages to the records. An error among them is raised later, after the records before it have been returned."""
        for message in messages:
            error = message.error()
            if error is None:
                record = record_of(message)
                self._returned[record.topic, record.partition] = record.offset + 1
                records.append(record)
            elif is_passing(error):
                _log.warning("reading was interrupted", group=self._group, error=error.str())
            else:
                self._failure = error

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise BrokerError(
                f"cannot read {', '.join(self._topics)} as group {self._group}: {failure.str()}"
            ) from KafkaException(failure)

    def _forget(self, _: Consumer, partitions: Sequence[TopicPartition]) -> None:
        """Forget partitions that now belong to another member: a commit of them would undo its work."""
        for place in partitions:
            self._returned.pop((place.topic, place.partition), None)


def record_of(message: Message) -> TopicRecord:
    """Return a message as a record. Raise BrokerError for one without its place."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if topic is None or partition is None or offset is None:
        raise BrokerError("Kafka returned a record without its place")
    headers = message.headers() or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    return TopicRecord(
        topic=topic,
        partition=partition,
        offset=offset,
        key=message.key(),
        value=message.value() or b"",
        headers=tuple((name, value.encode() if isinstance(value, str) else value or b"") for name, value in pairs),
        appended_ms=message.timestamp()[1],
    )
