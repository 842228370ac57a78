"""Trades, dead letters and events of sessions into Kafka: idempotent, acknowledged by all replicas in sync, compressed with snappy, ordered by symbol.

- Nothing is given up while the process lives. When brokers are away the bounded buffer fills, then `publish` blocks and so holds the feed back.
- `failed` counts what Kafka refused for its own sake, such as a dead letter over the topic's size limit, and what `close` let go. It is logged.
- When a whole topic takes nothing (deleted, or not ours to write to any more), its records are held too: librdkafka gives them up, so they go
  through a new producer, as often as it takes until the topic is there again.
- An idempotent producer that met an error by which it could no longer promise order is dead for good. It is then replaced, and what was not
  acknowledged goes through the new one, in order. What was on the way at that moment may have arrived already: only then can a record come
  twice. Its trade id is the same, so stores keep it once. When the new producer dies as well before anything was acknowledged, it is beyond
  repair: BrokerError.
- For use by one thread, except `close`: called from another thread or a signal handler, it ends a `publish` that waits.
"""

import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Final, Self

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from ports.errors import BrokerError
from ports.publisher import Deliveries, Publishable

from .codes import END_OF_PRODUCER, TOPIC_UNAVAILABLE, error_of, is_fatal
from .logs import ClientLog
from .metadata import require_topics
from .observer import Observer
from .outgoing import Outgoing, outgoing
from .settings import KafkaSettings

_POLL_S: Final = 0.1
"""How long it may take until a waiting `publish` sees that it was closed."""
_LONG_WAIT_S: Final = 1.0
"""A wait for room that is shorter than this is the normal course of a fast feed, and not logged."""
_LAST_REPORTS_S: Final = 2.0
"""How long a producer that is let go may take to report on what it still has."""

_log = structlog.get_logger(__name__)


class KafkaPublisher:
    """Publisher over confluent-kafka's producer; `observer` is told how long records take, and the client's statistics."""

    def __init__(
        self,
        settings: KafkaSettings,
        observer: Observer | None = None,
        while_waiting: Callable[[], None] | None = None,
    ) -> None:
        """Take who is told of deliveries, and what is to be called ten times a second while `publish` waits; neither may raise."""
        self._settings = settings
        self._observer = observer
        self._while_waiting = while_waiting
        self._client_log = ClientLog(
            "publisher", settings.bootstrap_servers, None if observer is None else observer.statistics
        )
        self._producer: Producer | None = None
        self._closed = False
        self._fatal_error = ""
        """Why the producer can no longer be used."""
        self._topic_is_away = False
        """Whether that is all that ails it."""
        self._broken = ""
        self._acknowledged_at_repair = -1
        self._failed = 0
        self._number = 0
        # Kept here as well until acknowledged: a producer that dies does not reliably give back what it had.
        self._undelivered: dict[int, Outgoing] = {}
        self._refusals: dict[int, KafkaError] = {}
        # Reports of what arrived, for the observer; it gets them when the poll that brought them is over.
        self._arrived: dict[int, Message] = {}

    def start(self) -> None:
        """Connect. Raises BrokerError when no broker answers, when a topic is missing, or on settings that Kafka does not know."""
        if self._closed:
            raise BrokerError("the publisher is closed: make a new one")
        if self._producer is None:
            producer = self._build()
            require_topics(producer, self._settings.topics, self._settings, self._client_log)
            self._producer = producer

    def publish(self, *items: Publishable) -> None:
        """Take items for delivery; blocks while the buffer is full. Raises BrokerError when not open, or beyond repair."""
        producer, undelivered = self._open(), self._undelivered
        produce, delivered = producer.produce, self._delivered
        for item in items:
            topic, key, value, headers = record = outgoing(item, self._settings)
            self._number = number = self._number + 1
            undelivered[number] = record
            if headers is None and producer is self._producer and not self._fatal_error:
                try:
                    produce(topic, value, key, -1, partial(delivered, number))
                except (BufferError, KafkaException):
                    # It will meet that again, and knows what to do.
                    self._send(number, record)
            else:
                self._send(number, record)
        # Often enough, and once a frame costs less than once a record.
        self._serve(producer, 0)
        if self._fatal_error:
            self._repair()

    def flush(self, timeout_s: float) -> Deliveries:
        """Wait until all is acknowledged or the time is up, and say how things stand; with 0 it only looks."""
        deadline = time.monotonic() + timeout_s
        while (producer := self._producer) is not None:
            # In short turns: an interrupt, a close and a dead producer are to be seen in time.
            # Never below 0, which Kafka's client takes for forever.
            left = max(0.0, min(_POLL_S, deadline - time.monotonic())) if self._undelivered else 0.0
            self._serve(producer, left, hurry=left > 0)
            if self._fatal_error and not self._closed:
                # The next `publish` raises what cannot be repaired; here the figures tell it.
                with contextlib.suppress(BrokerError):
                    self._repair()
            if not self._undelivered or time.monotonic() >= deadline:
                break
        return Deliveries(
            acknowledged=self._acknowledged,
            failed=self._failed,
            pending=len(self._undelivered),
            # They are in order, so before the first of them nothing is on the way.
            completed_prefix=next(iter(self._undelivered), self._number + 1) - 1,
        )

    def close(self) -> None:
        """Let go of everything, undelivered items included, within a few seconds; what is let go counts as failed."""
        self._closed = True
        producer, self._producer = self._producer, None
        if producer is not None:
            self._discard(producer)
        self._give_up("the publisher was closed")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _acknowledged(self) -> int:
        return self._number - self._failed - len(self._undelivered)

    def _build(self) -> Producer:
        try:
            return Producer({**self._settings.producer(), **self._client_log.options()})
        except (KafkaException, ValueError, TypeError) as error:
            raise BrokerError(f"Kafka does not take these settings: {error}") from error

    def _open(self) -> Producer:
        if self._producer is None:
            raise BrokerError(self._broken or "the publisher is not open: nothing was published")
        return self._producer

    def _send(self, number: int, record: Outgoing) -> None:
        """Put a record into the producer's buffer, waiting for room; when the producer is found dead it stays among the undelivered."""
        on_delivery = partial(self._delivered, number)
        topic, key, value, headers = record
        waiting_since: float | None = None
        told = False
        while not self._fatal_error:
            producer = self._open()
            try:
                if headers is None:
                    producer.produce(topic, value, key, -1, on_delivery)
                else:
                    producer.produce(topic, value, key, on_delivery=on_delivery, headers=headers)
            except BufferError:
                waiting_since = waiting_since or time.monotonic()
                if not told and time.monotonic() - waiting_since > _LONG_WAIT_S:
                    told = True
                    _log.warning("buffer is full, the feed is held back", records=len(self._undelivered))
                if self._while_waiting is not None:
                    self._while_waiting()
                self._serve(producer, _POLL_S)
            except KafkaException as error:
                if is_fatal(error_of(error)):
                    self._fatal_error = self._fatal_error or error_of(error).str()
                else:
                    self._refusals[number] = error_of(error)
                    self._settle()
                return
            else:
                break
        if told and waiting_since is not None:
            _log.info("buffer has room again", waited_s=round(time.monotonic() - waiting_since, 1))

    def _serve(self, producer: Producer, timeout_s: float, *, hurry: bool = False) -> None:
        """Take delivery reports; `hurry` does not wait for batches to fill. Notes it when the producer died."""
        try:
            if hurry:
                producer.flush(timeout_s)
            else:
                producer.poll(timeout_s)
        except (KafkaException, SystemError) as error:
            # A fatal error is raised from here, and disturbs reports that come in the same call: they raise SystemError.
            fatal = error.__cause__ or error
            self._fatal_error = error_of(fatal).str() if isinstance(fatal, KafkaException) else "fatal error"

        if self._arrived and self._observer is not None:
            arrived, self._arrived = self._arrived, {}
            self._observer.acknowledged([message.latency() or 0.0 for message in arrived.values()])
        if self._refusals:
            self._settle()

    def _delivered(self, number: int, error: KafkaError | None, message: Message) -> None:
        # Calls nothing: after a fatal error any call from here may raise SystemError, half done.
        if error is None:
            del self._undelivered[number]
            if self._observer is not None:
                self._arrived[number] = message
        else:
            self._refusals[number] = error

    def _settle(self) -> None:
        """Count out what was refused for its own sake; what failed with its producer or its topic stays undelivered."""
        refusals, self._refusals = self._refusals, {}
        for number, error in refusals.items():
            if error.code() in TOPIC_UNAVAILABLE:
                self._topic_is_away = self._topic_is_away or not self._fatal_error
                self._fatal_error = self._fatal_error or error.str()
            elif error.code() not in END_OF_PRODUCER and not error.fatal():
                topic, _, value, _ = self._undelivered.pop(number)
                self._failed += 1
                _log.error("record refused", topic=topic, size_bytes=len(value), error=error.str())

    def _repair(self) -> None:
        """Replace a dead producer, and hand the new one what was not acknowledged, in the order of publishing."""
        while self._fatal_error:
            dead, death = self._open(), self._fatal_error
            # What is on the way gets a moment to be acknowledged: each that is will not be sent twice.
            self._serve(dead, _LAST_REPORTS_S, hurry=True)
            self._discard(dead)
            if self._acknowledged == self._acknowledged_at_repair and not self._topic_is_away:
                self._producer = None
                self._broken = (
                    f"Kafka's producer died again after it was replaced ({death}): see to that, then start anew"
                )
                self._give_up(self._broken)
                raise BrokerError(self._broken)
            self._acknowledged_at_repair = self._acknowledged
            _log.error("producer replaced after a fatal error", error=death, records_sent_again=len(self._undelivered))
            self._producer, self._fatal_error, self._topic_is_away = self._build(), "", False
            for number, record in list(self._undelivered.items()):
                self._send(number, record)

    def _give_up(self, why: str) -> None:
        if self._undelivered:
            _log.error("records were not delivered", records=len(self._undelivered), why=why)
        self._failed += len(self._undelivered)
        self._undelivered.clear()

    def _discard(self, producer: Producer) -> None:
        producer.purge(blocking=False)
        self._serve(producer, _LAST_REPORTS_S, hurry=True)
